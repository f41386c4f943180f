//! The helpers beside a simulated TWS, over pipes and in paused time.

mod capture;
mod contracts;
mod history;
mod pool;
mod portfolio;
mod world;
