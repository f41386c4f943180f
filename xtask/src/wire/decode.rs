//! `cargo xtask wire decode`: a capture as readable lines, garbage named and skipped.

mod capture;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use tws_proto::ServerVersion;

use super::spoken::{From, Spoken};

/// How `cargo xtask wire decode` is asked for.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Hex lines (`[time] [client|server|>|<] HEX`), or the raw bytes of one or both directions of a stream.
    file: PathBuf,
    /// The negotiated version, where the capture has no handshake that says it.
    #[arg(long)]
    server_version: Option<i32>,
    /// Who sends, where the capture does not say.
    #[arg(long)]
    from: Option<From>,
}

/// Prints a line for every frame; the exit code tells whether there was anything to read.
pub(super) fn run(options: &Options) -> Result<ExitCode> {
    let bytes = std::fs::read(&options.file).with_context(|| format!("cannot read {}", options.file.display()))?;
    let version = options.server_version.map(ServerVersion);
    if let Some(version) = version.filter(|version| !version.is_supported()) {
        bail!("server version {version} is not in {}..={}", ServerVersion::OLDEST, ServerVersion::NEWEST);
    }
    let mut lines = std::io::BufWriter::new(std::io::stdout().lock());
    let mut messages = 0_usize;
    for entry in capture::entries(&bytes, version, options.from) {
        messages += usize::from(matches!(entry.what, What::Message { .. }));
        match writeln!(lines, "{entry}") {
            Err(gone) if gone.kind() == std::io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            told => told.context("cannot write")?,
        }
    }
    lines.flush().context("cannot write")?;
    Ok(if messages > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One line of output.
struct Entry {
    /// `line 3` or `offset 120`.
    place: String,
    /// Time as the capture spells it, or empty.
    time: String,
    what: What,
}

/// What stood there.
enum What {
    Message {
        from: From,
        message: Box<Spoken>,
        trailing_fields: usize,
    },
    /// Part of the handshake.
    Handshake {
        from: From,
        text: String,
    },
    /// Not readable, and why.
    Skipped(String),
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, time, what } = self;
        let time = if time.is_empty() { String::new() } else { format!("{time} ") };
        match what {
            What::Message { from, message, trailing_fields } => {
                let name = message.facts().name;
                let json = serde_json::to_value(message.as_ref()).map_err(|_| std::fmt::Error)?;
                // The name of the variant repeats the name on the wire.
                let body = json.as_object().and_then(|tagged| tagged.values().next()).unwrap_or(&json);
                write!(f, "{time}{} {name} {body}", from.word())?;
                match trailing_fields {
                    0 => Ok(()),
                    count => write!(f, " (and {count} fields of a newer peer)"),
                }
            }
            What::Handshake { from, text } => write!(f, "{time}{} handshake {text}", from.word()),
            What::Skipped(why) => write!(f, "{time}{place}: skipped: {why}"),
        }
    }
}
