//! [`Intake`]: makes commands of lines, and answers those that are carried out by nobody.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::unconstrained;
use trader::Handle;

use super::command::{Command, Kind};
use super::desk::answer;
use super::fault::Fault;
use super::id::Id;
use super::lines::{LINE_BYTES_MAX, Line};
use super::voice::{Unheard, Voice};

/// Commands that may wait for those before them.
pub(super) const COMMANDS_MAX: usize = 1024;

/// A command that waits.
pub(super) struct Taken {
    pub(super) command: Command,
    /// Its place among those that wait.
    pub(super) place: OwnedSemaphorePermit,
}

/// Takes lines, one after the other, as long as there are any.
pub(super) struct Intake {
    /// To whoever carries commands out; gone once nothing is carried out any more.
    commands: mpsc::WeakSender<Taken>,
    voice: Voice,
    trader: Handle,
    /// Hears of the end once; nothing is carried out afterwards.
    end: Option<oneshot::Sender<End>>,
    taken: Arc<AtomicU64>,
    places: Arc<Semaphore>,
}

/// Why no more commands come.
pub(super) enum End {
    /// The input has ended.
    Input,
    /// `quit` was said, under this id.
    Quit(Id),
}

impl Intake {
    /// An intake, and who hears of its end; of none where nobody hears what it says.
    pub(super) fn new(
        commands: mpsc::WeakSender<Taken>,
        voice: Voice,
        trader: Handle,
    ) -> (Self, oneshot::Receiver<End>) {
        let (end, ended) = oneshot::channel();
        let places = Arc::new(Semaphore::new(COMMANDS_MAX));
        (Self { commands, voice, trader, end: Some(end), taken: Arc::default(), places }, ended)
    }

    /// How many lines were answered or handed on.
    pub(super) fn taken(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.taken)
    }

    /// Takes lines until they end. What comes after `quit`, or once the process ends, is refused.
    pub(super) async fn take(mut self, mut lines: mpsc::Receiver<Line>) -> Result<(), Unheard> {
        while let Some(line) = lines.recv().await {
            self.take_one(line).await?;
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
        self.tell(End::Input);
        Ok(())
    }

    async fn take_one(&mut self, line: Line) -> Result<(), Unheard> {
        let Command { id, kind } = match read(line) {
            Ok(Some(command)) => command,
            Ok(None) => return Ok(()),
            Err((id, detail)) => return answer(&self.voice, &id, Err(detail.into())),
        };
        match kind {
            Kind::Quit {} if self.is_open() => {
                self.tell(End::Quit(id));
                Ok(())
            }
            Kind::Kill { by, reason } => {
                self.kill(id, by, reason).await;
                Ok(())
            }
            kind => self.hand_on(Command { id, kind }),
        }
    }

    /// Whether commands are carried out.
    fn is_open(&self) -> bool {
        self.end.is_some() && self.commands.strong_count() > 0
    }

    fn tell(&mut self, end: End) {
        if let Some(sender) = self.end.take() {
            // Whoever closes already does not listen any more.
            let _ = sender.send(end);
        }
    }

    fn hand_on(&self, command: Command) -> Result<(), Unheard> {
        let commands = self.commands.upgrade().filter(|_| self.is_open());
        let Some(commands) = commands else { return answer(&self.voice, &command.id, Err(Fault::ended())) };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let detail = format!("{COMMANDS_MAX} commands wait already; this one was not taken");
            return answer(&self.voice, &command.id, Err(detail.into()));
        };
        // There is room for as many as there are places.
        match commands.try_send(Taken { command, place }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(taken) | TrySendError::Closed(taken)) => {
                answer(&self.voice, &taken.command.id, Err(Fault::ended()))
            }
        }
    }

    /// Stops all trading. Nothing that waits may keep it, and whatever is said after it comes after it.
    async fn kill(&self, id: Id, by: Option<String>, reason: Option<String>) {
        let (voice, trader) = (self.voice.clone(), self.trader.clone());
        let mut killing = Box::pin(unconstrained(async move {
            let by = by.unwrap_or_else(|| "drive".to_owned());
            let killed = trader.kill(by, reason.unwrap_or_else(|| "asked for".to_owned())).await;
            // Where nobody hears, the others end the desk.
            let _ = answer(&voice, &id, killed.map(|()| Value::Null).map_err(Fault::from));
        }));
        // Looked at once, it stands in the trader's queue; the rest need not be waited for.
        tokio::select! {
            biased;
            () = &mut killing => {}
            () = ready(()) => drop(tokio::spawn(killing)),
        }
    }
}

/// The command in a line; `None` for an empty one.
fn read(line: Line) -> Result<Option<Command>, (Id, String)> {
    match line {
        Line::TooLong(id) => Err((id, format!("a line has at most {LINE_BYTES_MAX} bytes"))),
        Line::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => Ok(None),
        Line::Whole(line) => Command::read(&line).map(Some),
    }
}
