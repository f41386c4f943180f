//! Tables for people.

mod common;

use common::{Scratch, options, stamps};
use journal::{Entry, ExportError, Journal, OpenError, Options, Reader, View};
use serde_json::json;

const VIEWS: &[View] = &[
    View { name: "fills", select: "SELECT sequence, payload->>'$.price' AS price FROM records WHERE kind = 'fill'" },
    View { name: "heads", select: "SELECT hash, NULL AS absent, 1.5 AS half FROM records ORDER BY sequence LIMIT 1" },
];

fn with(views: &'static [View]) -> Options {
    options().views(views)
}

fn filled() -> (Scratch, Journal) {
    let scratch = Scratch::new();
    let mut journal = Journal::open(scratch.path(), with(VIEWS)).expect("a new journal");
    let fill = |price: &str| Entry::new("fill", &json!({ "price": price })).expect("plain JSON");
    let odd = Entry::new("note", "a \"quoted\", text").expect("a text");
    journal.append(stamps(1), &[fill("10.50"), odd, fill("0.000000000000000000000000001")]).expect("room");
    (scratch, journal)
}

fn csv(reader: &Reader, view: &str) -> String {
    let mut out = Vec::new();
    reader.write_csv(view, &mut out).expect("rows");
    String::from_utf8(out).expect("text")
}

#[test]
fn rows_are_written_as_csv_and_as_json_lines() {
    let (scratch, _journal) = filled();
    let reader = scratch.reader();
    assert_eq!(csv(&reader, "fills"), "sequence,price\n1,10.50\n3,0.000000000000000000000000001\n");
    let mut out = Vec::new();
    assert_eq!(reader.write_json_lines("fills", &mut out).expect("rows"), 2);
    let lines = "{\"price\":\"10.50\",\"sequence\":1}\n{\"price\":\"0.000000000000000000000000001\",\"sequence\":3}\n";
    assert_eq!(String::from_utf8(out).expect("text"), lines);
    let head: String = reader.replay(reader.first()).next().expect("one").expect("sound").hash.to_string();
    assert_eq!(csv(&reader, "heads"), format!("hash,absent,half\n{head},,1.5\n"));
    assert!(csv(&reader, "records").contains("\"\"\"a \\\"\"quoted\\\"\", text\"\"\""), "a text with quotes is quoted");
}

#[test]
fn unknown_views_are_refused_with_what_there_is() {
    let (scratch, _journal) = filled();
    let reader = scratch.reader();
    for view in ["nothing", "journal", "fills; DROP TABLE records", "fills\"", ""] {
        let error = reader.write_csv(view, Vec::new()).expect_err(view);
        assert!(
            matches!(&error, ExportError::NoView { views, .. } if views == &["fills", "heads", "records"]),
            "{error}"
        );
    }
}

#[test]
fn a_changed_definition_replaces_the_old_one() {
    let (scratch, journal) = filled();
    journal.close().expect("a clean end");
    const OTHER: &[View] = &[View { name: "fills", select: "SELECT count(*) AS fills FROM records" }];
    let journal = Journal::open(scratch.path(), with(OTHER)).expect("a sound journal");
    assert_eq!(csv(&scratch.reader(), "fills"), "fills\n3\n");
    assert_eq!(journal.verify().map(|verified| verified.records), Ok(3), "the chain does not mind");
}

#[test]
fn an_empty_view_has_its_head_and_a_wrong_one_is_refused() {
    let scratch = Scratch::new();
    let journal = Journal::open(scratch.path(), with(VIEWS)).expect("a new journal");
    assert_eq!(csv(&scratch.reader(), "fills"), "sequence,price\n");
    drop(journal);
    const WRONG: &[View] = &[View { name: "wrong", select: "SELECT nothing FROM nowhere" }];
    let error = Journal::open(scratch.path(), with(WRONG)).expect_err("no such table");
    assert!(matches!(&error, OpenError::View { view: "wrong", .. }), "{error}");
}

#[test]
fn views_follow_into_a_fresh_file() {
    let (scratch, mut journal) = filled();
    journal
        .rotate(stamps(4), &[Entry::new("fill", &json!({ "price": "7" })).expect("plain JSON")])
        .expect("not in use");
    assert_eq!(csv(&scratch.reader(), "fills"), "sequence,price\n4,7\n");
}
