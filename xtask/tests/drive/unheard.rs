//! Programs whose standard output nobody reads.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Market, PATIENCE, command};

/// Waits for its end, which must be one by itself and with an error; gives what it told a person.
#[track_caller]
fn failed(mut process: Child) -> String {
    let began = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > PATIENCE {
            // A test that failed must not leave it behind.
            let _ = process.kill();
            panic!("it hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut told = String::new();
    if let Some(mut errors) = process.stderr.take() {
        errors.read_to_string(&mut told).unwrap();
    }
    assert_eq!((status.code(), status.signal()), (Some(1), None), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    told
}

fn piped(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn an_answer_that_cannot_be_written_ends_it_with_an_error() {
    let market_place = Market::open();
    for input_ends in [false, true] {
        let mut drive = piped(command(&market_place.sim.address().to_string(), &market_place.journal(), &[]));
        let mut first = String::new();
        let mut output = BufReader::new(drive.stdout.take().unwrap());
        while !first.contains("ready") {
            output.read_line(&mut first).unwrap();
        }
        drop(output);
        let mut input = drive.stdin.take();
        writeln!(input.as_mut().unwrap(), "{}", json!({"cmd": "state"})).unwrap();
        if input_ends {
            input = None;
        }
        let told = failed(drive);
        assert!(told.contains("error: standard output was closed"), "{told}");
        drop(input);
    }
    market_place.close();
}

#[test]
fn without_tws_and_with_no_reader_of_output_and_errors_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut drive = piped(command("127.0.0.1:1", &folder.path().join("drive.db"), &[("RUST_LOG", "info")]));
    drop((drive.stdout.take(), drive.stderr.take(), drive.stdin.take()));
    failed(drive);
}

#[test]
fn a_reader_that_takes_nothing_does_not_keep_it() {
    let market_place = Market::open();
    let mut drive = piped(command(&market_place.sim.address().to_string(), &market_place.journal(), &[]));
    let mut input = drive.stdin.take().unwrap();
    for _ in 0..500 {
        writeln!(input, "{}", json!({"cmd": "state", "id": "x".repeat(1000)})).unwrap();
    }
    let output = drive.stdout.take();
    drop(input);
    let told = failed(drive);
    assert!(told.contains("not read for too long"), "{told}");
    drop(output);
    market_place.close();
}

#[test]
fn a_paper_session_takes_back_what_it_placed_though_its_reader_went_away() {
    let mut session = Command::new(env!("CARGO_BIN_EXE_xtask"));
    session.args(["paper-smoke", "--speed", "100"]);
    let mut session = piped(session);
    let mut output = BufReader::new(session.stdout.take().unwrap());
    let mut read = String::new();
    while !read.contains("a bracket, its entry filled") {
        assert!(output.read_line(&mut read).unwrap() > 0, "{read}");
    }
    drop(output);
    let told = failed(session);
    assert!(told.contains("standard output was not written"), "{told}");
    assert!(told.contains("ended with \"stop, and replay the journal\"") && !told.contains("FAILED"), "{told}");
}

#[test]
fn the_journal_of_a_session_before_is_refused_with_what_to_do() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut session = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = session.args(["paper-smoke", "--journal"]).arg(file.path()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("name another file, or remove it"), "{told}");
}

#[test]
fn a_speed_that_no_simulator_keeps_is_refused() {
    for speed in ["1e300", "1001", "inf", "NaN", "0"] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_xtask")).args(["paper-smoke", "--speed", speed]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && told.contains("above 0 and at most 1000"), "{speed}: {told}");
    }
}
