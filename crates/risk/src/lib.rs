//! The gate before the journal: limits, allow-lists and the paper interlock.
