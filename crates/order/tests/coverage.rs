//! Each rule and each fault case of orders has a test that carries its number: `r14_...`, `..._s22`. This one reads the
//! sources and prints the table; a hole fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Rules that need an engine, a simulator or a process: their tests stand with those crates. One that has a test by now
/// must leave this list.
const OF_THE_ENGINE: [&str; 4] = ["r01", "r05", "r18", "r29"];
/// Cases of the same kind.
const CASES_OF_THE_ENGINE: [&str; 1] = ["s33"];

fn required() -> BTreeSet<String> {
    let rules = (1..=30).map(|number| format!("r{number:02}"));
    let cases = (16..=37).chain([42, 43]).map(|number| format!("s{number:02}"));
    rules.chain(cases).collect()
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
        for line in text.lines().map(str::trim_start) {
            let line = line.strip_prefix("async ").unwrap_or(line);
            let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next()) else { continue };
            for word in name.split('_').filter(|word| is_number(word)) {
                found.entry(word.to_owned()).or_default().push(name.to_owned());
            }
        }
    }
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(['r', 's']);
    digits.is_some_and(|digits| digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[test]
fn every_rule_and_every_case_has_a_test() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = BTreeMap::new();
    for folder in ["order/tests", "trader/tests", "position/tests", "../tests/tests"] {
        tests_below(&crates.join(folder), &mut found);
    }
    let mut holes = Vec::new();
    for number in required() {
        let tests = found.get(&number).cloned().unwrap_or_default();
        let is_elsewhere = OF_THE_ENGINE.iter().chain(&CASES_OF_THE_ENGINE).any(|listed| *listed == number);
        println!("{number}: {}", if tests.is_empty() { "-".to_owned() } else { tests.join(", ") });
        if tests.is_empty() != is_elsewhere {
            holes.push(number);
        }
    }
    assert!(holes.is_empty(), "no test carries these numbers, or the list of the engine's is out of date: {holes:?}");
}
