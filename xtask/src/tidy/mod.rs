//! `cargo xtask tidy`: the rules of the house that no compiler checks.

mod code;
mod documents;
mod licences;
mod rooms;
mod sources;

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use crate::repository::Repository;

/// How `cargo xtask tidy` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// One JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
}

/// A rule that something in the repository breaks.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Fault {
    /// Where, relative to the root of the repository.
    pub(crate) file: String,
    /// The line, where the fault has one.
    pub(crate) line: Option<usize>,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

/// Looks for the faults of one kind.
pub(crate) type Check = fn(&Repository) -> Result<Vec<Fault>>;

/// Checks everything and lists every fault.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<ExitCode> {
    let mut faults = rules(repository)?;
    faults.extend(licences(repository)?);
    if options.json {
        println!("{}", serde_json::json!({ "ok": faults.is_empty(), "faults": faults }));
    } else if faults.is_empty() {
        println!("tidy: dependency rules, sources, licences and documents are in order");
    } else {
        for fault in &faults {
            println!("{fault}");
        }
        println!("tidy: {} fault{}", faults.len(), if faults.len() == 1 { "" } else { "s" });
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Everything but the licences.
pub(crate) fn rules(repository: &Repository) -> Result<Vec<Fault>> {
    let mut faults = rooms::check(repository)?;
    faults.extend(sources::check(repository)?);
    faults.extend(documents::check(repository)?);
    faults.sort();
    Ok(faults)
}

/// The licences of everything that is used.
pub(crate) fn licences(repository: &Repository) -> Result<Vec<Fault>> {
    licences::check(repository)
}

impl Fault {
    /// A fault of a file as a whole.
    fn of_file(file: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, what: what.into(), remedy: remedy.into() }
    }

    /// A fault in one line; lines count from 1.
    fn of_line(file: &str, line: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::of_file(file, what, remedy) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what, remedy } = self;
        match line {
            Some(line) => write!(f, "{file}:{line}: {what}; {remedy}"),
            None => write!(f, "{file}: {what}; {remedy}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::repository::Repository;

    #[test]
    fn the_house_is_tidy() {
        let repository = Repository::find();
        let mut faults = super::rules(&repository).expect("the rules can be checked");
        faults.extend(super::licences(&repository).expect("the licences can be checked"));
        let list: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(list.is_empty(), "{}", list.join("\n"));
    }
}
