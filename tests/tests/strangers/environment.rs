//! A Python environment for one foreign client, made once and kept under `target/strangers`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// How long any one program may take.
const PROGRAM_TIME_MAX: Duration = Duration::from_secs(60);

/// An environment with a client in it.
pub(crate) struct Environment {
    python: PathBuf,
}

/// Why there is none; no fault of the code under test.
pub(crate) struct Missing(String);

impl Environment {
    /// The environment with `package` (`name==version`), made now if it is not there from an earlier run.
    pub(crate) async fn with_package(package: &str) -> Result<Result<Self, Missing>> {
        let folder = folder();
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // Several test processes may want it at the same time.
        let lock = File::create(folder.join("lock")).context("cannot make the lock file")?;
        let _held = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock))
            .await?
            .context("cannot lock the folder of environments")?;
        let environment = folder.join(package.replace("==", "-"));
        let finished = environment.join("finished");
        let this = Self { python: environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }) };
        if finished.is_file() {
            return Ok(Ok(this));
        }
        if environment.exists() {
            std::fs::remove_dir_all(&environment).context("cannot remove a half-made environment")?;
        }
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(&environment);
        if let Err(why) = run(venv).await {
            return Ok(Err(Missing(format!("no Python with venv ({why})"))));
        }
        let mut pip = Command::new(&this.python);
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]);
        pip.args(["--timeout", "10", "--retries", "1", package]);
        if let Err(why) = run(pip).await {
            return Ok(Err(Missing(format!("{package} cannot be had from PyPI ({why})"))));
        }
        std::fs::write(finished, "").context("cannot mark the environment as finished")?;
        Ok(Ok(this))
    }

    /// Runs a script of `tests/strangers` and returns what it printed.
    pub(crate) async fn run(&self, script: &str, arguments: &[String]) -> Result<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("strangers").join(script);
        let mut command = Command::new(&self.python);
        command.arg("-B").arg(&script).args(arguments);
        let output = output(command).await.with_context(|| format!("{} did not run", script.display()))?;
        if !output.status.success() {
            bail!("{} ended with {}:\n{}", script.display(), output.status, String::from_utf8_lossy(&output.stderr));
        }
        String::from_utf8(output.stdout).context("the script printed something that is not UTF-8")
    }
}

impl Missing {
    /// Says that `test` was skipped, here and in the file that `cargo xtask ci` reads.
    pub(crate) fn report(&self, test: &str) -> Result<()> {
        println!("skipped: {test}: {}", self.0);
        let path = folder().join("skipped.txt");
        let mut file = File::options().create(true).append(true).open(&path).context("cannot open skipped.txt")?;
        // One write: two tests may append at the same time.
        file.write_all(format!("{test}: {}\n", self.0).as_bytes()).context("cannot write skipped.txt")
    }
}

/// Where environments stay between runs.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("strangers")
}

/// Runs a program; the error is one line for people.
async fn run(command: Command) -> Result<(), String> {
    let output = output(command).await.map_err(|error| format!("{error:#}"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed without a word").trim().to_owned())
}

async fn output(mut command: Command) -> Result<Output> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    tokio::time::timeout(PROGRAM_TIME_MAX, command.output())
        .await
        .with_context(|| format!("{program} took more than {} s", PROGRAM_TIME_MAX.as_secs()))?
        .with_context(|| format!("cannot start {program}"))
}
