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
    check(&["--speed", "1e300"], "a factor above 0 and at most 1000");
    check(&["--max-version", "100"], "version 100 is not spoken");
    check(&["--instruments", "no/such.toml"], "cannot read the instruments file no/such.toml");
    check(&["--accounts", "no/such.toml"], "cannot read the accounts file no/such.toml");
    check(&["--faults", "no/such.toml"], "cannot read the faults file no/such.toml");
    check(&["--fault", "missing-statuses"], "there is no fault \"missing-statuses\"");
    check(&["--fault", "drop:rate=1"], "drop does not take rate");
    check(&["--control", "0.0.0.0:0"], "it is for this machine only");
    check(&["--control", "127.0.0.1:0", "--control-token", "no/such"], "cannot read the token file no/such");
    check(&["--control-token", "file"], "--control <ADDR>");
    check(&["--account", "DU1", "--account", "DU1"], "account \"DU1\" is empty or given twice");
}

#[test]
fn it_tells_what_can_go_wrong() {
    let output = program().arg("faults").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.contains("\nmissing-status (F21)\n    Order statuses are not sent\n"), "{text}");
    assert!(text.contains("\nupstream-lost (F10, F31, once)\n"), "{text}");
    let output = program().args(["faults", "--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["faults"].as_array().unwrap().iter().any(|row| row["fault"] == "half-open"));
}

#[test]
fn it_runs_scenarios_and_its_exit_code_says_how_that_went() {
    let scenario = |text: &str| {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    };
    let good = scenario("name = \"good\"\nthen = [{ executions = { count = 0 } }]");
    let bad = scenario("name = \"bad\"\nthen = [{ executions = { count = 1 } }]");
    let broken = scenario("name = 1");
    for (files, code, said) in [
        (vec![&good], 0, "PASS good\n  ok    number of executions is 0\n1 passed, 0 failed\n"),
        (vec![&good, &bad], 1, "FAIL bad\n  FAIL  number of executions is 1\n        found: 0\n1 passed, 1 failed\n"),
        (vec![&broken, &good], 2, "1 passed, 0 failed, some could not run\n"),
    ] {
        let output = program().arg("run").args(files.iter().map(|file| file.path())).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(said), "{text}");
    }
    let output = program().args(["run", "--json"]).arg(bad.path()).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["passed"], &json["report"]["checks"][0]["found"]), (&false.into(), &"0".into()));
}

#[cfg(unix)]
#[test]
fn it_says_where_its_control_port_is_and_what_opens_it() {
    let mut command = program();
    let arguments =
        ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--still", "--fault", "missing-status:rate=0.3"];
    let mut child = command.args(arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("{\"listening\":"));
    let control: serde_json::Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
    assert_eq!(control["token"].as_str().unwrap().len(), 64);
    let address: std::net::SocketAddr = control["control"].as_str().unwrap().parse().unwrap();
    std::net::TcpStream::connect(address).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}
