//! The durable, hash-chained record of what happened, and replay from it.
