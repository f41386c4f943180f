//! Positions and account values.
