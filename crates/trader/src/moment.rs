//! [`Moment`]: the steps of the engine's work, for those who stop a process at each of them and look at what is left.

use std::fmt;
use std::sync::Arc;

/// A step of the engine's work, told at the moment when it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Moment {
    /// A record of the journal is about to be replayed.
    Replaying,
    /// A command was taken; nothing of it is recorded.
    Commanded,
    /// TWS said something on the order lane; nothing of it is recorded.
    Heard,
    /// The broker's book was told whole and is about to be compared with ours.
    Compared,
    /// Records are about to be written. This and [`Moment::Recorded`] are told on the thread that writes: it waits.
    Recording,
    /// Records are durable; nothing that follows from them has left.
    Recorded,
    /// A burst is about to be handed to the client.
    Sending,
    /// A burst was handed to the client.
    Sent,
    /// Events and answers have been told.
    Told,
}

/// Who is told of moments; nobody as a rule.
#[derive(Clone, Default)]
pub(crate) struct Watcher(Option<Arc<dyn Fn(Moment) + Send + Sync>>);

impl Watcher {
    pub(crate) fn new(watcher: impl Fn(Moment) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watcher)))
    }

    pub(crate) fn tell(&self, moment: Moment) {
        if let Some(watcher) = &self.0 {
            watcher(moment);
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watcher").field(&self.0.is_some()).finish()
    }
}
