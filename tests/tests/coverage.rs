//! Each rule and each fault case has a test that carries its number: `r14_...`, `..._s22`, `p04_...`. This one reads the
//! sources and prints the table of rule or case and tests; a hole fails. What the tests say, the run says in which this
//! one is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Where such tests stand.
const FOLDERS: [&str; 11] = [
    "crates/event-bus/tests",
    "crates/journal/src",
    "crates/journal/tests",
    "crates/order/tests",
    "crates/position/tests",
    "crates/risk/tests",
    "crates/trader/tests",
    "crates/tws-client/tests",
    "crates/tws-sim/tests",
    "tests/tests",
    "xtask/tests",
];

/// All of the specification that has to do with rules, the broker and the process.
fn required() -> BTreeSet<String> {
    let rules = (1..=42).map(|number| format!("r{number:02}"));
    let cases = (1..=43).map(|number| format!("s{number:02}"));
    let deaths = (1..=23).map(|number| format!("p{number:02}"));
    rules.chain(cases).chain(deaths).collect()
}

/// Every test below a folder, by the numbers in its name.
fn tests_below(folder: &Path, found: &mut BTreeMap<String, Vec<String>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            tests_below(&path, found);
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim_start) {
            // A helper with such a name would hide a hole. Tests that a macro makes have their mark inside it.
            if line.starts_with("#[") {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                continue;
            }
            let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            if let Some(name) = name.and_then(|rest| rest.split(['(', '<']).next()).filter(|_| is_test) {
                for word in name.split('_').filter(|word| is_number(word)) {
                    found.entry(word.to_owned()).or_default().push(name.to_owned());
                }
            }
            is_test = false;
        }
    }
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(['r', 's', 'p']);
    digits.is_some_and(|digits| digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[test]
fn every_rule_and_every_case_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = BTreeMap::new();
    for folder in FOLDERS {
        tests_below(&root.join(folder), &mut found);
    }
    let mut holes = Vec::new();
    for number in required() {
        let tests = found.get(&number).cloned().unwrap_or_default();
        println!("{number}: {}", if tests.is_empty() { "-".to_owned() } else { tests.join(", ") });
        if tests.is_empty() {
            holes.push(number);
        }
    }
    assert!(holes.is_empty(), "no test carries these numbers: {holes:?}");
}
