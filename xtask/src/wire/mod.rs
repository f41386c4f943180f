//! `cargo xtask wire`: frames to readable messages and back, for people and programs that look at a session.

mod decode;
pub(crate) mod hex;
mod reencode;
mod spoken;

use std::process::ExitCode;

use anyhow::Result;

pub(crate) use spoken::{Form, From, Spoken};

/// How `cargo xtask wire` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// JSON lines in (`from`, `server_version`, `frame`), JSON lines out (`ok`, `name`, `json`, `frame`, or `error`).
    Reencode,
    /// A capture, as hex lines or as the raw bytes of a stream, to readable lines.
    Decode(decode::Options),
}

/// Runs one of the two.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    match &options.command {
        Command::Reencode => reencode::run(std::io::stdin().lock(), std::io::stdout().lock()),
        Command::Decode(options) => decode::run(options),
    }
}
