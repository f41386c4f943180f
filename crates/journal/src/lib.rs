//! The durable, hash-chained record of what happened, and replay from it.
//!
//! A [`Journal`] is one SQLite database with one row a record. What [`Journal::append`] has returned for is on the
//! disk; what [`Journal::replay`] gives is what was written, proven by a chain of hashes. The state of a program that
//! writes before it acts is a replay of its journal.
//!
//! ```
//! use journal::{Entry, Journal, Options, Sequence, Stamps};
//!
//! #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
//! enum Event {
//!     Deposited { cents: u64 },
//!     Withdrawn { cents: u64 },
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("savings.db");
//! let mut journal = Journal::open(&path, Options::new("savings"))?;
//! let batch = [
//!     Entry::new("deposit", &Event::Deposited { cents: 500 })?,
//!     Entry::new("withdrawal", &Event::Withdrawn { cents: 120 })?,
//! ];
//! let now = Stamps { wall_us: 1_700_000_000_000_000, monotonic_us: 42 };
//! let range = journal.append(now, &batch)?; // one transaction, one sync
//! assert_eq!(range.start, Sequence::FIRST);
//! journal.close()?;
//!
//! let journal = Journal::open(&path, Options::new("savings"))?; // verifies the chain
//! let mut cents = 0;
//! for record in journal.replay_as::<Event>(Sequence::FIRST) {
//!     match record?.payload {
//!         Event::Deposited { cents: more } => cents += more,
//!         Event::Withdrawn { cents: less } => cents -= less,
//!     }
//! }
//! assert_eq!(cents, 380);
//! # Ok(())
//! # }
//! ```
//!
//! # Promises
//!
//! - **Durable.** WAL with `synchronous = FULL`; both are read back at every opening. A batch is one transaction with
//!   one sync, all or nothing.
//! - **Unchanged.** Sequences have no gap and every row carries the hash of itself and all before. Opening refuses a
//!   broken journal and names the first bad record; a [`Reader`] can still look at it. A journal whose last records are
//!   gone is a sound prefix: compare [`Verified::head`] with a copy kept elsewhere to see that.
//! - **Of any length.** [`Journal::rotate`] goes on in a fresh file that begins with a sum of all before. The file so far
//!   stays whole beside it, and the chain goes on from one to the next.
//! - **One writer.** A lock of the operating system on `PATH.lock`, which ends with the process.
//! - **No second try.** After a failed write every later one is refused, until the journal is opened again.
//! - **No clock, no logging, no threads** but those of [`Reader::replay_ahead`], which end with it. Times are arguments;
//!   calls block until the disk has answered.
//!
//! # Looking inside
//!
//! Any SQLite tool may read beside a writer:
//! `SELECT sequence, payload->>'$.Deposited.cents' FROM records WHERE kind = 'deposit'`. No tool may write: the journal
//! would refuse to go on. A tool that keeps a read open for long keeps the write-ahead log growing.
//!
//! An application may give [`Options::views`]: plain tables made of its records, for `SELECT`, and for
//! [`Reader::write_csv`] and [`Reader::write_json_lines`].
//!
//! Integers larger than 2^53 and exact decimals are safest as JSON text, for not every tool reads JSON numbers exactly.
//!
//! # The chain
//!
//! ```text
//! genesis   = SHA-256( text("journal") text(id) text(application) )
//! hash(n)   = SHA-256( hash(n-1) int(sequence) int(schema) int(wall_us) int(monotonic_us) text(kind) text(payload) )
//! int(x)    = 8 bytes, big endian, two's complement
//! text(x)   = int(length in bytes) and the bytes
//! ```
//!
//! `hash(0)` is the genesis hash, `id` and `application` stand in the table `journal`, the rest in `records`. In a file
//! that goes on behind another, `first` there is the sequence of its first record, and `anchor` the hash before it.

mod ahead;
mod chain;
mod error;
mod journal;
mod reader;
mod record;
mod rotate;
mod schema;
mod view;

pub use ahead::Ahead;
pub use chain::{Hash, JournalId};
pub use error::{
    AppendError, Broken, EntryError, ExportError, Fault, OpenError, ReplayError, RotateError, StorageError,
    StorageFault,
};
pub use journal::{Journal, Options, Verification};
pub use reader::{Reader, Replay, ReplayAs, ReplayWith, Verified};
pub use record::{Entry, Record, Seen, Sequence, Stamps};
pub use view::View;
