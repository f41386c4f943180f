//! The scenario files that come with the simulator, and what is wrong with others.

use std::path::{Path, PathBuf};

use tws_sim::scenario::{Report, Scenario};

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_shipped_scenario_passes_and_always_ends_the_same_way() {
    let files = shipped();
    assert!(files.len() >= 5);
    for file in files {
        let report = Scenario::run_file(&file).unwrap_or_else(|error| panic!("{error}"));
        assert!(report.passed(), "{}: {report}", file.display());
        assert_eq!(Scenario::run_file(&file).unwrap(), report);
    }
}

fn run(text: &str) -> Result<Report, String> {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let error = Scenario::run_file(file.path()).map_err(|error| error.to_string());
    error.map_err(|error| error.replace(&file.path().display().to_string(), "FILE"))
}

#[track_caller]
fn check_wrong(text: &str, expected: &str) {
    let error = run(text).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_cannot_run_says_why() {
    check_wrong("then = []", "missing field `name`");
    check_wrong("name = \"x\"\nthen = []\nwhen = [{ fly = 1 }]", "unknown variant `fly`");
    check_wrong("name = \"x\"\nthen = []\nwhen = [{ wait = \"soon\" }]", "\"soon\" is no time");
    check_wrong("name = \"x\"\nthen = []\nwhen = [{ cancel_all = { client = 1 } }]", "client 1 never connected");
    check_wrong("name = \"x\"\nthen = []\nwhen = [{ clear = \"nothing\" }]", "there is no fault \"nothing\"");
    check_wrong(
        "name = \"x\"\nthen = []\nwhen = [{ fault = { fault = \"drop\", rate = 1 } }]",
        "drop does not take rate",
    );
    check_wrong("name = \"x\"\nthen = []\n[given]\nmarkets = \"bull\"", "markets are still or walk");
    check_wrong("name = \"x\"\nthen = []\n[given]\nstart = \"noon\"", "is no start");
    let far = "name = \"x\"\nthen = []\nwhen = [{ quote = { instrument = \"NOSUCH\", bid = 1, ask = 2 } }]";
    check_wrong(far, "the simulator knows no instrument \"NOSUCH\"");
}

#[test]
fn what_fails_tells_what_was_found_and_heard() {
    let report = run("
        name = \"wrong\"
        when = [{ connect = { client = 1 } }]
        then = [
            { position = { instrument = \"IBM\", is = 5 } },
            { order = { client = 1, order = 1, status = \"Filled\" } },
            { notice = { client = 1, code = 202 } },
            { heard = { client = 1, message = \"NEXT_VALID_ID\", with = { order_id = 1 }, times = 1 } },
            { heard = { client = 1, message = \"NO_SUCH\" } },
        ]")
    .unwrap();
    assert!(!report.passed());
    let found: Vec<Option<&str>> = report.checks.iter().map(|check| check.found.as_deref()).collect();
    assert_eq!(found, [Some("0"), Some("none"), Some("it never did"), None, Some("there is no \"NO_SUCH\"")]);
    let text = report.to_string();
    assert!(text.starts_with("FAIL wrong\n  FAIL  position of DU1234567 in IBM is 5\n        found: 0\n"), "{text}");
    assert!(text.contains("the last that client 1 heard:\n") && text.contains("NEXT_VALID_ID order_id=1"), "{text}");
}
