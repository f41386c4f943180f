//! The program: its first line, its errors, its end.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tws-sim"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[cfg(unix)]
#[test]
fn it_says_where_it_listens_and_ends_when_told() {
    let mut child = program().args(["--listen", "127.0.0.1:0", "--seed", "7", "--speed", "60"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("{\"listening\":\"").and_then(|rest| rest.strip_suffix("\"}"));
    let address: std::net::SocketAddr = address.expect(&line).parse().unwrap();
    std::net::TcpStream::connect(address).unwrap();
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert!(child.wait().unwrap().success());
}

#[track_caller]
fn check(arguments: &[&str], expected: &str) {
    let output = program().args(["--listen", "127.0.0.1:0"]).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(expected), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn what_is_wrong_is_said_with_exit_code_2() {
    check(&["--replay", "IBM=no/such.csv.gz"], "cannot open the tape no/such.csv.gz");
    check(&["--replay", "IBM"], "write SYMBOL=FILE");
    check(&["--speed", "slow"], "write real, fast, manual, or a factor above 0");
    check(&["--max-version", "100"], "version 100 is not spoken");
    check(&["--instruments", "no/such.toml"], "cannot read the instruments file no/such.toml");
    check(&["--accounts", "no/such.toml"], "cannot read the accounts file no/such.toml");
    check(&["--account", "DU1", "--account", "DU1"], "account \"DU1\" is empty or given twice");
}
