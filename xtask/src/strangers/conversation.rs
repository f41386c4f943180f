//! A driver's process and what it says.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::Checked;
use super::stage::{Execution, Stage};

/// How long one driver may play; what hangs is a failure.
const PLAY_MAX: Duration = Duration::from_secs(240);

/// What a driver said.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) checks: Vec<Checked>,
    pub(super) told: Vec<Execution>,
    /// How it ended, where it did not end well.
    pub(super) failure: Option<String>,
}

/// Starts a driver and does what it asks for until it ends.
pub(super) fn hold(mut command: Command, stage: &Stage) -> Heard {
    let mut heard = Heard::default();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let outcome = command
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))
        .and_then(|child| listen(child, stage, &mut heard));
    heard.failure = outcome.err().map(|error| format!("{error:#}"));
    heard
}

fn listen(mut child: Child, stage: &Stage, heard: &mut Heard) -> Result<()> {
    let mut stdin = child.stdin.take().context("the driver has no input")?;
    let stdout = child.stdout.take().context("the driver has no output")?;
    let mut stderr = child.stderr.take().context("the driver has no error output")?;
    // Threads of their own: a driver must not hang on a pipe that nobody reads, nor we on a driver that says nothing.
    let complaints = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stderr.read_to_end(&mut text); // what cannot be read is not told
        String::from_utf8_lossy(&text).into_owned()
    });
    let (lines, said) = mpsc::sync_channel(64);
    std::thread::spawn(move || read_lines(stdout, &lines));
    let deadline = std::time::Instant::now() + PLAY_MAX;
    let outcome = loop {
        match said.recv_timeout(deadline.saturating_duration_since(std::time::Instant::now())) {
            Ok(line) => {
                if let Err(error) = hear(&line, stage, &mut stdin, heard) {
                    break Err(error);
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break Ok(()),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                break Err(anyhow::anyhow!("the driver took more than {} s", PLAY_MAX.as_secs()));
            }
        }
    };
    drop(stdin);
    if outcome.is_err() {
        let _ = child.kill(); // it may have ended by itself
    }
    let status = child.wait().context("the driver cannot be waited for")?;
    let complaints = complaints.join().unwrap_or_default();
    let last: Vec<&str> = complaints.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = last.last().map_or("", |line| line.trim());
    outcome.with_context(|| last.to_owned())?;
    if !status.success() {
        bail!("the driver ended with {status}: {last}");
    }
    Ok(())
}

fn read_lines(stdout: ChildStdout, lines: &mpsc::SyncSender<String>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if lines.send(line).is_err() {
            return; // nobody listens any more
        }
    }
}

fn hear(line: &str, stage: &Stage, stdin: &mut impl std::io::Write, heard: &mut Heard) -> Result<()> {
    // A client may print on its own.
    let Some(value) = serde_json::from_str::<Value>(line).ok().filter(Value::is_object) else { return Ok(()) };
    if value.get("do").is_some() {
        let answer = stage.answer(&value);
        writeln!(stdin, "{answer}").and_then(|()| stdin.flush()).context("the driver stopped listening")?;
    } else if value.get("check").is_some() {
        heard.checks.push(Checked::deserialize(&value).context("the driver tells of a check in a strange way")?);
    } else if let Some(told) = value.get("told") {
        heard.told = Vec::deserialize(told).context("the driver tells of executions in a strange way")?;
    }
    Ok(())
}
