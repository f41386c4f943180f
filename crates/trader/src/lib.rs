//! The facade: configuration, the engine that joins the rooms, the Strategy trait and a prelude.
