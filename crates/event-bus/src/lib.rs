//! Typed publish and subscribe inside a process.
