//! Who may open what.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Scratch, all, entry, options, stamps};
use journal::{Journal, JournalId, OpenError, Options, Reader, Sequence};

#[test]
fn one_writer_at_a_time() {
    let scratch = Scratch::filled(1);
    let first = scratch.open().expect("a sound journal");
    let error = scratch.open().expect_err("there is a writer");
    assert!(matches!(&error, OpenError::Locked { path, .. } if path.ends_with("j.db")), "{error}");
    assert!(error.to_string().contains("j.db"), "{error}");
    drop(first);
    let second = scratch.open().expect("the first is gone");
    second.close().expect("a clean end");
    scratch.open().expect("the second is gone");
}

#[test]
fn r38_of_two_starts_at_once_exactly_one_wins() {
    let scratch = Scratch::new();
    for _ in 0..10 {
        let start = std::sync::Barrier::new(2);
        let attempt = || {
            start.wait();
            let opened = scratch.open();
            start.wait();
            opened.map(drop)
        };
        let results = std::thread::scope(|scope| {
            [scope.spawn(attempt), scope.spawn(attempt)].map(|thread| thread.join().expect("no panic"))
        });
        let winners = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(winners, 1, "{results:?}");
        assert!(results.iter().any(|result| matches!(result, Err(OpenError::Locked { .. }))), "{results:?}");
    }
}

/// The writer of the next test: a process of its own, which is killed. Without the variable there is nothing to do.
#[test]
fn writer_to_be_killed() {
    let Some(path) = std::env::var_os(WRITER_PATH) else { return };
    let mut journal = Journal::open(path, options()).expect("a new journal");
    journal.append_one(stamps(1), &entry(1)).expect("room");
    println!("{WRITTEN}");
    // Until the end of the parent at the latest.
    std::io::stdin().read_line(&mut String::new()).expect("a pipe");
}

const WRITER_PATH: &str = "JOURNAL_TEST_WRITER_PATH";
const WRITTEN: &str = "one record is durable";

#[test]
fn r38_a_killed_writer_leaves_its_records_and_no_lock() {
    let scratch = Scratch::new();
    let mut writer = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "writer_to_be_killed", "--nocapture"])
        .env(WRITER_PATH, scratch.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test runs twice");
    let output = BufReader::new(writer.stdout.take().expect("it is piped"));
    let written = output.lines().map_while(Result::ok).any(|line| line.contains(WRITTEN));
    let refused = scratch.open().err();
    let process = writer.id();
    writer.kill().expect("it waits for its input");
    writer.wait().expect("it was started here");
    assert!(written, "the writer has written");
    let refused = refused.expect("one writer at a time");
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused:?}");
    // On other systems a locked file cannot be read.
    let is_named = refused.to_string().contains(&format!("process {process};"));
    assert!(is_named || !cfg!(unix), "{refused}");
    assert_eq!(scratch.open().expect("at once").len(), 1);
}

#[cfg(unix)]
#[test]
fn one_file_has_one_lock_by_whatever_path() {
    let scratch = Scratch::filled(1);
    let link = scratch.folder().join("link.db");
    std::os::unix::fs::symlink(scratch.path(), &link).expect("a link");
    let _first = scratch.open().expect("a sound journal");
    for path in [link, scratch.folder().join(".").join("j.db")] {
        let second = Journal::open(&path, options());
        assert!(matches!(second, Err(OpenError::Locked { .. })), "{path:?}");
    }
}

#[cfg(unix)]
#[test]
fn r38_a_file_with_a_second_name_has_no_writer() {
    let scratch = Scratch::new();
    let journal = scratch.open().expect("a new journal");
    let other = scratch.path().with_extension("link");
    std::fs::hard_link(scratch.path(), &other).expect("a file system with links");
    let refused = Journal::open(&other, Options::new("test")).expect_err("one has the file open by its first name");
    assert!(matches!(refused, OpenError::SeveralNames { names: 2, .. }), "{refused}");
    journal.close().expect("a clean end");
    let refused = scratch.open().expect_err("neither name is the right one");
    assert!(matches!(refused, OpenError::SeveralNames { names: 2, .. }), "{refused}");
    std::fs::remove_file(other).expect("it is there");
    scratch.open().expect("its only name").close().expect("a clean end");
}

#[test]
fn readers_work_beside_a_writer() {
    let scratch = Scratch::new();
    let mut journal = scratch.open().expect("a new journal");
    let reader = scratch.reader();
    assert_eq!(reader.is_empty(), Ok(true));
    for number in 1..=3 {
        journal.append_one(stamps(number), &entry(number)).expect("room");
        assert_eq!(reader.len(), Ok(number));
        assert_eq!(reader.verify().map(|verified| verified.head), Ok(journal.head()));
    }
    let read: Vec<_> = reader.replay(Sequence::FIRST).collect::<Result<_, _>>().expect("a sound journal");
    assert_eq!(read, all(&journal));
    assert_eq!((reader.id(), reader.path()), (journal.id(), journal.path()));
}

#[test]
fn strange_files_are_refused_and_left_alone() {
    #[track_caller]
    fn check(bytes: &[u8], expected: fn(&OpenError) -> bool) {
        let scratch = Scratch::new();
        fs::write(scratch.path(), bytes).expect("room");
        for error in [scratch.open().err(), Reader::open(scratch.path(), &options()).err()] {
            let error = error.expect("no journal");
            assert!(expected(&error), "{error}");
        }
        assert_eq!(fs::read(scratch.path()).expect("the file is there"), bytes, "left alone");
    }
    let foreign = Scratch::new();
    foreign.meddle("CREATE TABLE money(cents)");
    check(&fs::read(foreign.path()).expect("a database"), |error| matches!(error, OpenError::NotAJournal { .. }));
    check(&[b'x'; 4096], |error| {
        matches!(error, OpenError::Storage { .. }) && error.to_string().contains("no database, check the path")
    });
}

#[test]
fn unusable_paths_are_refused_with_the_reason() {
    let scratch = Scratch::new();
    let (missing, folder) = (scratch.folder().join("missing"), scratch.folder().join("folder.db"));
    fs::create_dir(&folder).expect("room");
    fs::write(scratch.folder().join("file"), "").expect("room");
    let mut paths = vec![missing.join("j.db"), folder, scratch.folder().join("file/j.db"), "".into(), "..".into()];
    if cfg!(target_os = "linux") {
        // A file system that takes no files, even from root.
        paths.push("/proc/j.db".into());
    }
    for path in paths {
        let error = Journal::open(&path, options()).expect_err("unusable");
        let refused = matches!(
            error,
            OpenError::Path { .. }
                | OpenError::LockFile { .. }
                | OpenError::Storage { .. }
                | OpenError::ReadOnly { .. }
        );
        assert!(refused, "{path:?}: {error}");
    }
    assert!(
        matches!(Reader::open(scratch.path(), &options()), Err(OpenError::Missing { .. })),
        "a reader makes no file"
    );
    assert!(!scratch.path().exists());
    assert!(!scratch.folder().join("folder.db.lock").exists(), "no lock beside a folder");
}

#[test]
fn p13_a_file_without_write_permission_is_not_written() {
    let scratch = Scratch::filled(3);
    let mut permissions = fs::metadata(scratch.path()).expect("the file is there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(scratch.path(), permissions).expect("our own file");
    let reader = scratch.reader();
    assert_eq!(reader.verify().map(|verified| verified.records), Ok(3));
    drop(reader);
    // Root may write in spite of the permission; then the journal is simply open.
    let writable = fs::File::options().append(true).open(scratch.path()).is_ok();
    match scratch.open() {
        Ok(journal) => assert!(writable && journal.len() == 3),
        Err(error) => assert!(!writable && matches!(error, OpenError::ReadOnly { .. }), "{error}"),
    }
}

#[test]
fn applications_and_versions_must_fit() {
    type Check = fn(&OpenError) -> bool;
    #[track_caller]
    fn check(statement: &str, options: &Options, expected: Check) {
        let scratch = Scratch::new();
        let mut journal = Journal::open(scratch.path(), Options::new("test").schema(3)).expect("a new journal");
        journal.append_one(stamps(1), &entry(1)).expect("room");
        drop(journal);
        scratch.meddle(statement);
        let bytes = fs::read(scratch.path()).expect("the file is there");
        for error in [Journal::open(scratch.path(), options.clone()).err(), Reader::open(scratch.path(), options).err()]
        {
            let error = error.expect("a refusal");
            assert!(expected(&error), "{error}");
        }
        assert_eq!(fs::read(scratch.path()).expect("the file is there"), bytes, "left alone");
    }
    let fits = Options::new("test").schema(3);
    check(
        "",
        &Options::new("other").schema(3),
        |error| matches!(error, OpenError::OtherApplication { found, expected, .. } if found == "test" && expected == "other"),
    );
    check("", &Options::new("test").schema(2), |error| {
        matches!(error, OpenError::SchemaNewer { found: 3, known: 2, .. })
    });
    // A later version may have any columns; only the format is looked at.
    check("UPDATE journal SET format = 3; ALTER TABLE journal RENAME application TO owner", &fits, |error| {
        matches!(error, OpenError::FormatNewer { found: 3, known: 2, .. })
    });
    check("UPDATE journal SET format = 0", &fits, |error| {
        matches!(error, OpenError::FormatOlder { found: 0, known: 2, .. })
    });
    check("DELETE FROM journal", &fits, |error| matches!(error, OpenError::NotAJournal { .. }));
    check("UPDATE journal SET id = x'00'", &fits, |error| matches!(error, OpenError::NotAJournal { .. }));
}

#[test]
fn p22_an_older_payload_schema_is_replayed_as_it_is() {
    let scratch = Scratch::new();
    for schema in [1, 1, 4] {
        let mut journal = Journal::open(scratch.path(), options().schema(schema)).expect("a journal");
        journal.append_one(stamps(1), &entry(1)).expect("room");
    }
    let journal = Journal::open(scratch.path(), options().schema(5)).expect("a sound journal");
    assert!(all(&journal).iter().map(|record| record.schema).eq([1, 1, 4]));
}

#[test]
fn a_given_id_makes_equal_journals() {
    let heads = [7, 7, 8].map(|id| {
        let scratch = Scratch::new();
        let mut journal = Journal::open(scratch.path(), options().id(JournalId([id; 16]))).expect("a new journal");
        journal.append_one(stamps(1), &entry(1)).expect("room");
        journal.head()
    });
    assert_eq!(heads[0], heads[1]);
    assert_ne!(heads[0], heads[2]);
}

#[test]
fn the_lock_file_stays_beside_the_journal() {
    let scratch = Scratch::filled(1);
    let names = |folder: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(scratch.folder()), ["j.db", "j.db.lock"], "and after a clean end nothing else does");
}
