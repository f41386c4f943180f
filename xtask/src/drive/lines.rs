//! Lines of standard input, each of bounded length.

use std::io::{self, BufRead, Read};

use tokio::sync::mpsc;

use super::id::{Id, Search};

/// The longest line, in bytes; a longer one is skipped and said to be.
pub(super) const LINE_BYTES_MAX: u64 = 256 * 1024;
/// Lines that may wait; whoever writes more waits too.
const LINES_MAX: usize = 256;

/// One line, or why it is none.
#[derive(Debug)]
pub(super) enum Line {
    /// Its bytes, without the end of the line.
    Whole(Vec<u8>),
    /// It was longer than [`LINE_BYTES_MAX`]; the id that it has all the same.
    TooLong(Id),
}

/// Every line of standard input, until it ends. They are read by a thread of their own, as there is no other way to read
/// a terminal or a pipe without waiting.
pub(super) fn open() -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(LINES_MAX);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(line)) = next(&mut input) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The next line; `None` at the end.
fn next(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop_if(|last| *last == b'\n').is_none() && line.len() as u64 == LINE_BYTES_MAX {
        let mut search = Search::default();
        search.look_at(&line);
        skip_line(input, &mut search)?;
        return Ok(Some(Line::TooLong(search.end())));
    }
    line.pop_if(|last| *last == b'\r');
    Ok(Some(Line::Whole(line)))
}

/// Reads on to the end of the line and keeps nothing but its id.
fn skip_line(input: &mut impl BufRead, search: &mut Search) -> io::Result<()> {
    loop {
        let piece = input.fill_buf()?;
        let (used, done) = match piece.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (piece.len(), piece.is_empty()),
        };
        search.look_at(piece.get(..used).unwrap_or(piece));
        input.consume(used);
        if done {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expected: &[Option<&[u8]>]) {
        let mut input = input;
        let mut lines = Vec::new();
        while let Some(line) = next(&mut input).unwrap() {
            lines.push(match line {
                Line::Whole(line) => Some(line),
                Line::TooLong(_) => None,
            });
        }
        let lines: Vec<Option<&[u8]>> = lines.iter().map(Option::as_deref).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn lines_end_with_either_ending_or_with_the_input() {
        check(b"one\ntwo\r\n\nthree", &[Some(b"one"), Some(b"two"), Some(b""), Some(b"three")]);
        check(b"", &[]);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_whole() {
        let limit = usize::try_from(LINE_BYTES_MAX).unwrap();
        let long = |length: usize| [vec![b'x'; length], b"\nnext\n".to_vec()].concat();
        check(&long(limit), &[None, Some(b"next")]);
        check(&long(3 * limit), &[None, Some(b"next")]);
        check(&long(limit - 1), &[Some(&vec![b'x'; limit - 1]), Some(b"next")]);
        check(&vec![b'x'; limit + 5], &[None]);
    }
}
