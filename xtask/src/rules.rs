//! `cargo xtask rules`: which tests hold each rule (R) and fault case (S, P), and what they said.
//!
//! Tests carry the numbers in their names: `r14_...`, `..._s22`. A number without a test fails the test
//! `every_rule_and_every_case_has_a_test`, which is one of them.

use std::collections::BTreeMap;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, ensure};

use crate::repository::Repository;
use crate::table::table;

/// Where nextest writes what became of each test, below the folder of what is built.
const REPORT: &str = "nextest/default/junit.xml";
/// Tests that carry a number, and the one that looks for those that none carries.
const NUMBERED: &str =
    "test(/(^|_|::)[rsp][0-9][0-9]_/) | test(/_[rsp][0-9][0-9]$/) | test(every_rule_and_every_case_has_a_test)";

/// A test, and whether it has passed.
#[derive(Debug, PartialEq, Eq)]
struct Said<'a> {
    name: &'a str,
    has_passed: bool,
}

/// Runs every test that carries a number and prints the table.
pub(crate) fn run(repository: &Repository) -> Result<ExitCode> {
    let mut tests =
        repository.cargo(&["nextest", "run", "--locked", "--workspace", "--exclude=bench", "--no-fail-fast"]);
    tests.args(["-E", NUMBERED]).stdin(Stdio::null());
    let status = tests.status().context("cannot start cargo")?;
    let (table, failed) = report(repository)?;
    println!("{table}");
    Ok(if status.success() && failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The table out of the last run of the tests, and what has failed.
pub(crate) fn report(repository: &Repository) -> Result<(String, Vec<String>)> {
    let path = repository.workspace()?.target_directory.join(REPORT);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let said = said(&text);
    let mut by_number: BTreeMap<&str, Vec<&Said<'_>>> = BTreeMap::new();
    for test in &said {
        for number in numbers(test.name) {
            by_number.entry(number).or_default().push(test);
        }
    }
    ensure!(!by_number.is_empty(), "{} holds no test with a number", path.display());
    let word = |has_passed: bool| if has_passed { "ok" } else { "FAILED" }.to_owned();
    let mut rows = Vec::new();
    for (number, tests) in &by_number {
        for (place, test) in tests.iter().enumerate() {
            let number = if place == 0 { number.to_uppercase() } else { String::new() };
            rows.push([number, test.name.to_owned(), word(test.has_passed)]);
        }
    }
    let all = || by_number.values().flatten();
    let failed: Vec<String> = all().filter(|test| !test.has_passed).map(|test| test.name.to_owned()).collect();
    let (cases, passed) = (by_number.len(), all().count() - failed.len());
    let sum = format!("{cases} rules and cases: {passed} tests passed, {} failed", failed.len());
    Ok((format!("{}\n{sum}", table(["case", "test", "result"], &rows, &[])), failed))
}

/// What a report says of every test.
fn said(report: &str) -> Vec<Said<'_>> {
    let cases = report.split("<testcase ").skip(1);
    let said = cases.filter_map(|case| {
        let (_, rest) = case.split_once("name=\"")?;
        let (path, _) = rest.split_once('"')?;
        let name = path.rsplit("::").next().unwrap_or(path);
        Some(Said { name, has_passed: !case.contains("<failure") && !case.contains("<error") })
    });
    said.collect()
}

/// The numbers that a name carries.
fn numbers(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').filter(|word| {
        let digits = word.strip_prefix(['r', 's', 'p']);
        digits.is_some_and(|digits| digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::{Said, numbers, said};

    #[test]
    fn a_report_tells_what_became_of_each_test() {
        let report = "<testsuites><testsuite name=\"a\">\
            <testcase name=\"link::r04_p09_one\" classname=\"a\" time=\"0.1\"/>\
            <testcase name=\"two_s22\" classname=\"a\"><failure type=\"x\">it broke</failure></testcase>\
            </testsuite></testsuites>";
        let expected = [Said { name: "r04_p09_one", has_passed: true }, Said { name: "two_s22", has_passed: false }];
        assert_eq!(said(report), expected);
        assert_eq!(numbers("r04_p09_one_r5_rx1").collect::<Vec<_>>(), ["r04", "p09"]);
    }
}
