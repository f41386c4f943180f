//! Scenarios that cross crates. All of it stands in `tests/` of this package.
