//! [`Disk`]: holds the thread that writes the journal, as a slow disk does.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use trader::Moment;

/// Holds who reaches a moment, until it is let go.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<(Mutex<Hold>, Condvar)>);

#[derive(Default)]
struct Hold {
    /// At which moment, if at all.
    at: Option<Moment>,
    /// Whether somebody is held.
    is_held: bool,
}

impl Disk {
    pub(crate) fn watcher(&self) -> impl Fn(Moment) + Send + Sync + 'static {
        let Self(shared) = self.clone();
        move |moment| {
            let (hold, changed) = &*shared;
            let mut hold = hold.lock().unwrap();
            while hold.at == Some(moment) {
                hold.is_held = true;
                hold = changed.wait(hold).unwrap();
            }
            hold.is_held = false;
        }
    }

    pub(crate) fn hold(&self, at: Moment) {
        self.0.0.lock().unwrap().at = Some(at);
        self.0.1.notify_all();
    }

    pub(crate) fn let_go(&self) {
        self.0.0.lock().unwrap().at = None;
        self.0.1.notify_all();
    }

    /// Waits until somebody is held; time stands still meanwhile.
    pub(crate) async fn held(&self) {
        let started = std::time::Instant::now();
        while !self.0.0.lock().unwrap().is_held {
            assert!(started.elapsed() < crate::desk::PATIENCE, "nobody came");
            tokio::task::yield_now().await;
        }
    }
}

/// Lets time pass while a thread is held: paused time does not pass by itself then.
pub(crate) async fn pass(time: Duration) {
    let step = Duration::from_millis(20);
    for _ in 0..time.as_millis() / step.as_millis() {
        tokio::time::advance(step).await;
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }
}
