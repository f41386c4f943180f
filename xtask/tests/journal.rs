//! `cargo xtask journal`: what a session has written is proven and written out, and nonsense says why it is none.

use std::path::Path;
use std::process::{Command, Output};

fn xtask(arguments: &[&str], file: &Path) -> Output {
    let (first, rest) = arguments.split_at(2);
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(first).arg(file).args(rest).output().expect("it was built")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("words")
}

#[test]
fn a_journal_is_proven_and_its_tables_written_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("trader.db");
    let mut session = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let session = session.arg("paper-smoke").arg("--journal").arg(&file).output().expect("it was built");
    assert!(session.status.success(), "{}", text(&session.stderr));

    let proven = xtask(&["journal", "verify"], &file);
    assert!(proven.status.success(), "{}", text(&proven.stderr));
    assert!(text(&proven.stdout).contains(" records, all as they were written; the last has the hash "), "{proven:?}");

    let fills = xtask(&["journal", "export", "fills"], &file);
    let mut lines = text(&fills.stdout).lines();
    assert!(lines.next().is_some_and(|head| head.starts_with("exec_id,revision,intent,strategy,")), "{fills:?}");
    assert!(lines.clone().count() > 0 && lines.all(|line| line.contains(",IBM,")), "{fills:?}");
    let orders = xtask(&["journal", "export", "orders", "--as", "jsonl"], &file);
    for line in text(&orders.stdout).lines() {
        let order: serde_json::Value = serde_json::from_str(line).expect("an object a line");
        assert_eq!(order["account"], "DU1234567");
    }

    for (arguments, named, reason) in [
        (&["journal", "export", "nonsense"][..], file.as_path(), "it has audit, fills, orders, positions, records"),
        (&["journal", "verify"], &folder.path().join("none.db"), "there is no journal"),
        (&["journal", "verify"], &folder.path().join("trader.db.lock"), "is no"),
    ] {
        let refused = xtask(arguments, named);
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
        assert!(text(&refused.stderr).contains(reason), "{}", text(&refused.stderr));
    }
}
