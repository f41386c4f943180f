//! Which numbered case is which test: a case without one fails here.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

/// A letter and the numbers that must have a test: cases of the wire, of the connection and the broker, and rules.
const REQUIRED: &[(char, RangeInclusive<u32>)] =
    &[('w', 1..=30), ('s', 1..=15), ('s', 38..=41), ('r', 5..=5), ('r', 8..=8), ('r', 31..=35)];

/// Tests by the case that they carry in their name: `w07_a_length_of_zero` is of W7.
type Cases = BTreeMap<(char, u32), Vec<String>>;

/// Collects the tests of every source below a folder.
fn collect(folder: &Path, cases: &mut Cases) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, cases);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
            for pair in lines.windows(2) {
                let is_test = pair[0].starts_with("#[test]") || pair[0].starts_with("#[tokio::test");
                if let Some((case, name)) = is_test.then(|| case_of(pair[1])).flatten() {
                    cases.entry(case).or_default().push(name.to_owned());
                }
            }
        }
    }
}

/// The case that a function is a test of, and its name.
fn case_of(line: &str) -> Option<((char, u32), &str)> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.strip_prefix("fn ")?.split('(').next()?;
    let (case, _) = name.split_once('_')?;
    let letter = case.chars().next().filter(|letter| "wsr".contains(*letter))?;
    Some(((letter, case.get(1..)?.parse().ok()?), name))
}

#[test]
fn every_numbered_case_has_a_test() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases = Cases::new();
    collect(&package.join("tests"), &mut cases);
    collect(&package.join("src"), &mut cases);
    println!("| case | test |\n|---|---|");
    for ((letter, number), names) in &cases {
        println!("| {}{number} | `{}` |", letter.to_ascii_uppercase(), names.join("`, `"));
    }
    let required = REQUIRED.iter().flat_map(|(letter, numbers)| numbers.clone().map(|number| (*letter, number)));
    let holes: Vec<_> = required.filter(|case| !cases.contains_key(case)).collect();
    assert!(holes.is_empty(), "no test carries the number of {holes:?}");
}
