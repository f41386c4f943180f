//! `cargo xtask journal`: a trader's journal proven, or its tables written out, whether a trader runs on it or not.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use ::journal::{ExportError, Reader, Verified};
use anyhow::Result;
use clap::ValueEnum;
use trader::Trader;

/// How `cargo xtask journal` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Proves every record: that none is missing, and none is another than it was.
    Verify {
        /// The journal, or an archive of one.
        file: PathBuf,
    },
    /// Writes a table out to the standard output.
    Export {
        /// The journal, or an archive of one.
        file: PathBuf,
        /// `orders`, `fills`, `positions`, `audit`, or `records` as they are.
        table: String,
        /// As what.
        #[arg(long = "as", value_enum, default_value_t = Form::Csv)]
        form: Form,
    },
}

/// What a row is written as.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Comma-separated values, with a line of names at the head.
    Csv,
    /// A JSON object a line.
    Jsonl,
}

/// Runs one of the two.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match &options.command {
        Command::Verify { file } => {
            let Verified { records, head, .. } = Trader::journal(file)?.verify()?;
            writeln!(out, "{records} records, all as they were written; the last has the hash {head}")
                .and_then(|()| out.flush())
                .map_err(ExportError::Write)
        }
        Command::Export { file, table, form } => export(&Trader::journal(file)?, table, *form, out).map(|_| ()),
    };
    match written {
        Err(ExportError::Write(gone)) if gone.kind() == io::ErrorKind::BrokenPipe => {} // whoever reads has seen enough
        written => written?,
    }
    Ok(ExitCode::SUCCESS)
}

fn export(journal: &Reader, table: &str, form: Form, out: impl Write) -> Result<u64, ExportError> {
    match form {
        Form::Csv => journal.write_csv(table, out),
        Form::Jsonl => journal.write_json_lines(table, out),
    }
}
