//! A trader and the simulator, over loopback TCP: what a stranger relies on.

mod desk;

mod combinations;
mod ending;
mod journal;
mod link;
mod login;
mod orders;
mod refusals;
mod restart;
mod strategies;
