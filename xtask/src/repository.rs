//! The repository as the commands see it: where it is, what is tracked, what cargo knows of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The checked-out repository.
pub(crate) struct Repository {
    root: PathBuf,
}

/// What cargo knows of our own packages.
#[derive(Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

/// One of our packages.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
}

/// One package in a dependency tree.
pub(crate) struct TreeEntry {
    /// Name and version.
    pub(crate) name: String,
    pub(crate) version: String,
    /// Licence expression; empty where the package states none.
    pub(crate) licence: String,
    /// Names from the root of the tree down to this package.
    pub(crate) path: Vec<String>,
}

impl Repository {
    /// The repository this command was built from.
    pub(crate) fn find() -> Self {
        // `cargo run` tells where the package is now; the built-in path is for a binary that is started by hand.
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap_or(&package);
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `path` of this repository as a text, whatever cannot be read being a fault of the caller's.
    pub(crate) fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.root.join(path)).with_context(|| format!("cannot read {path}"))
    }

    /// A cargo command in the root of the repository.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.args(arguments).current_dir(&self.root);
        // They describe the package of the command that runs now, not what is built next.
        for variable in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
            command.env_remove(variable);
        }
        command
    }

    /// Our own packages and where cargo builds.
    pub(crate) fn workspace(&self) -> Result<Workspace> {
        let json = output(self.cargo(&["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"]))?;
        serde_json::from_str(&json).context("cannot read the answer of cargo metadata")
    }

    /// Everything that is built into `package`, itself first.
    ///
    /// `cargo tree` and not `cargo metadata`: the latter also counts what a weak feature (`rand?/std`) would add if
    /// something else had asked for it.
    pub(crate) fn built_into(&self, package: &str) -> Result<Vec<TreeEntry>> {
        self.tree(&["--package", package, "--edges", "normal", "--no-dedupe"])
    }

    /// Every package that a build, a test or a build script of the workspace uses.
    pub(crate) fn everything_used(&self) -> Result<Vec<TreeEntry>> {
        self.tree(&["--workspace", "--edges", "normal,build,dev"])
    }

    fn tree(&self, arguments: &[&str]) -> Result<Vec<TreeEntry>> {
        let tree = || {
            let mut tree = self.cargo(&["tree", "--offline", "--locked", "--prefix", "depth", "--format", "|{p}|{l}"]);
            tree.args(arguments);
            output(tree)
        };
        let text = tree().or_else(|error| {
            // On a fresh machine nothing but what xtask needs was fetched until now.
            output(self.cargo(&["fetch", "--locked"])).map_err(|_| error)?;
            tree()
        })?;
        let mut path: Vec<String> = Vec::new();
        let mut entries = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let unreadable = || format!("cannot read the line {line:?} of cargo tree");
            let mut columns = line.trim_end_matches(" (*)").split('|');
            let depth: usize = columns.next().unwrap_or("").parse().with_context(unreadable)?;
            let package = columns.next().with_context(unreadable)?;
            let licence = columns.next().with_context(unreadable)?;
            let (name, rest) = package.split_once(" v").with_context(unreadable)?;
            path.truncate(depth);
            path.push(name.to_owned());
            entries.push(TreeEntry {
                name: name.to_owned(),
                version: rest.split(' ').next().unwrap_or(rest).to_owned(),
                licence: licence.to_owned(),
                path: path.clone(),
            });
        }
        Ok(entries)
    }

    /// Every file that is or would be committed, relative to the root, with `/` between folders.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let mut git = Command::new("git");
        git.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(&self.root);
        let mut files: Vec<String> = output(git)?.split_terminator('\0').map(str::to_owned).collect();
        files.retain(|file| self.root.join(file).is_file()); // deleted, but not yet committed
        files.sort();
        files.dedup();
        Ok(files)
    }
}

/// What a command prints, its complaints being the error.
fn output(mut command: Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {program}; is it installed and on the PATH?"))?;
    if !output.status.success() {
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        bail!("{program} {} failed:\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{program} printed something that is not UTF-8"))
}
