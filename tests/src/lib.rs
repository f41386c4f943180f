//! Scenarios that cross crates, and the drivers of foreign clients. All of it stands in `tests/` of this package.
