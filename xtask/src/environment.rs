//! Throw-away environments with clients that other people wrote, made once and kept under `target/environments`.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::repository::Repository;

/// How long making an environment may take; a driver has as long as its frames need.
const SETUP_TIME_MAX: Duration = Duration::from_secs(120);

/// A Python with packages, and where the drivers for it are.
pub(crate) struct Environment {
    python: PathBuf,
    drivers: PathBuf,
}

impl Environment {
    /// A Python with `requirement`, made now if it is not there; the inner error says why it cannot be had. `drivers` is
    /// the folder of the repository that has the scripts.
    pub(crate) fn with_packages(
        repository: &Repository,
        drivers: &str,
        requirement: &str,
        also: Option<&str>,
    ) -> Result<Result<Self, String>> {
        let folder = folder(repository)?;
        let _held = lock(&folder)?;
        let environment = folder.join(requirement.replace("==", "-"));
        let finished = environment.join("finished");
        let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
        let this = Self { python, drivers: repository.root().join(drivers) };
        if finished.is_file() {
            return Ok(Ok(this));
        }
        if environment.exists() {
            std::fs::remove_dir_all(&environment).context("cannot remove a half-made environment")?;
        }
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(&environment);
        if let Err(why) = set_up(venv) {
            return Ok(Err(format!("no Python with venv ({why})")));
        }
        let mut pip = Command::new(&this.python);
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]);
        pip.args(["--timeout", "10", "--retries", "1", requirement]).args(also);
        if let Err(why) = set_up(pip) {
            return Ok(Err(format!("{requirement} cannot be had from PyPI ({why})")));
        }
        std::fs::write(finished, "").context("cannot mark the environment as finished")?;
        Ok(Ok(this))
    }

    /// A driver with its arguments, ready to start.
    pub(crate) fn command(&self, driver: &str, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.python);
        command.arg("-B").arg(self.drivers.join(driver)).args(arguments);
        command
    }

    /// Runs a driver with `input` on its standard input and returns the lines it wrote.
    pub(crate) fn run(&self, driver: &str, arguments: &[String], input: Vec<u8>) -> Result<String> {
        let mut command = self.command(driver, arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().with_context(|| format!("cannot start {}", self.python.display()))?;
        let mut stdin = child.stdin.take().context("the driver has no input")?;
        // A thread of its own: the driver answers while it is still being asked.
        let asking = std::thread::spawn(move || stdin.write_all(&input));
        let mut output = String::new();
        child
            .stdout
            .take()
            .context("the driver has no output")?
            .read_to_string(&mut output)
            .context(driver.to_owned())?;
        let status = child.wait().with_context(|| driver.to_owned())?;
        if !status.success() {
            bail!("{driver} ended with {status}");
        }
        asking
            .join()
            .ok()
            .with_context(|| driver.to_owned())?
            .with_context(|| format!("{driver} stopped listening"))?;
        Ok(output)
    }
}

/// A folder with a package of npm in its `node_modules`, made now if it is not there; the inner error says why it cannot be
/// had.
pub(crate) fn with_node_package(repository: &Repository, package: &str) -> Result<Result<PathBuf, String>> {
    let folder = folder(repository)?;
    let _held = lock(&folder)?;
    let environment = folder.join(package.replace(['@', '/'], "-").trim_matches('-'));
    let finished = environment.join("finished");
    let modules = environment.join("node_modules");
    if finished.is_file() {
        return Ok(Ok(modules));
    }
    if environment.exists() {
        std::fs::remove_dir_all(&environment).context("cannot remove a half-made environment")?;
    }
    std::fs::create_dir_all(&environment).context("cannot make the environment")?;
    let mut version = Command::new("node");
    version.arg("--version");
    if let Err(why) = set_up(version) {
        return Ok(Err(format!("no Node ({why})")));
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", package]).current_dir(&environment);
    if let Err(why) = set_up(npm) {
        return Ok(Err(format!("{package} cannot be had from npm ({why})")));
    }
    std::fs::write(finished, "").context("cannot mark the environment as finished")?;
    Ok(Ok(modules))
}

/// Where environments stay between runs.
pub(crate) fn folder(repository: &Repository) -> Result<PathBuf> {
    let folder = repository.workspace()?.target_directory.join("environments");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Several runs may want an environment at the same time.
fn lock(folder: &Path) -> Result<std::fs::File> {
    let lock = std::fs::File::create(folder.join("lock")).context("cannot make the lock file")?;
    lock.lock().context("cannot lock the folder of environments")?;
    Ok(lock)
}

/// Runs a program; the error is one line for people.
fn set_up(mut command: Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    let deadline = Instant::now() + SETUP_TIME_MAX;
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                let _ = child.kill().and_then(|()| child.wait()); // it is late in any case
                return Err(format!("{program} took more than {} s", SETUP_TIME_MAX.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    if status.success() {
        return Ok(());
    }
    let mut complaint = String::new();
    if let Some(stderr) = &mut child.stderr {
        let _ = stderr.read_to_string(&mut complaint); // what cannot be read is not told
    }
    Err(complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed without a word").trim().to_owned())
}
