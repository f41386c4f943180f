//! What we want and what the broker did: intents, states and fills.
