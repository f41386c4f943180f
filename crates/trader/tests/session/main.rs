//! A trader and the simulator, over loopback TCP: what a stranger relies on.

mod desk;
mod disk;
mod wire;

mod agreement;
mod combinations;
mod controls;
mod durability;
mod ending;
mod halts;
mod inquiries;
mod journal;
mod link;
mod load;
mod login;
mod lookup;
mod orders;
mod others;
mod previews;
mod refusals;
mod restart;
mod standing;
mod strategies;
mod templates;
