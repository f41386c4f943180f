//! Each control has a test that carries its number: `c7_...`. This one reads the sources and prints the table; a hole fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Controls which this crate holds: all of them have their tests here.
const OF_THE_GATE: [u32; 15] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16];
/// Controls that need an engine: their tests stand with the trader.
const OF_THE_ENGINE: [u32; 10] = [2, 5, 6, 7, 8, 10, 12, 13, 14, 16];

/// Every test in a folder, by the control in its name.
fn tests_in(folder: &Path) -> BTreeMap<u32, Vec<String>> {
    let mut found: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(path).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim_start) {
            let line = line.strip_prefix("async ").unwrap_or(line);
            match line.strip_prefix("fn ").and_then(|rest| rest.split('(').next()) {
                Some(name) if is_test => {
                    for number in name.split('_').filter_map(|word| word.strip_prefix('c')?.parse().ok()) {
                        found.entry(number).or_default().push(name.to_owned());
                    }
                    is_test = false;
                }
                _ => is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test"),
            }
        }
    }
    found
}

#[test]
fn every_control_has_a_test() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let gate = tests_in(&crates.join("risk/tests"));
    let engine = tests_in(&crates.join("trader/tests/session"));
    let mut holes = BTreeSet::new();
    for (place, wanted, found) in [("gate", &OF_THE_GATE[..], &gate), ("engine", &OF_THE_ENGINE[..], &engine)] {
        for number in wanted {
            let tests = found.get(number).cloned().unwrap_or_default();
            println!("C{number} {place}: {}", if tests.is_empty() { "-".to_owned() } else { tests.join(", ") });
            if tests.is_empty() {
                holes.insert(format!("C{number} {place}"));
            }
        }
    }
    assert!(holes.is_empty(), "no test carries these controls: {holes:?}");
}

#[test]
fn every_control_stands_in_the_documentation_with_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let page = fs::read_to_string(root.join("docs/risk.md")).unwrap();
    let gate = tests_in(&root.join("crates/risk/tests"));
    let engine = tests_in(&root.join("crates/trader/tests/session"));
    let known: BTreeSet<&String> = gate.values().chain(engine.values()).flatten().collect();
    for number in 1..=17 {
        let row = page.lines().find(|line| line.starts_with(&format!("| C{number} |")));
        assert!(row.is_some(), "docs/risk.md has no row for C{number}");
    }
    for name in page.split('`').filter(|word| word.starts_with('c') && word.contains('_')) {
        let is_control = name.split('_').next().and_then(|word| word.strip_prefix('c')?.parse::<u32>().ok()).is_some();
        assert!(!is_control || known.iter().any(|test| *test == name), "docs/risk.md names {name}, which is no test");
    }
}
