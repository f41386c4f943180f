//! The TWS wire: frames, handshake and messages, both forms and both directions.
