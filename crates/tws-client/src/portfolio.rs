//! [`Portfolio`]: accounts, positions, open orders and fills of a login, kept up to date.

mod follow;
mod view;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::error::RequestError;
use crate::lane::OrderEvents;
use crate::state::LaneEvent;

pub use view::{Fill, LiveOrder, OrderName, Section, View};

/// What a login has, kept up to date by the order lane and by streams of account values and positions. It reads, and
/// decides nothing. Cheap to clone; it ends when the last handle is dropped.
///
/// The order lane has one reader. [`Portfolio::follow`] takes it and gives back a [`FollowedEvents`], which gives the same
/// events, each after the view has seen it. Whoever has no use for them lets [`FollowedEvents::drain`] run.
///
/// TWS shows the worth of positions (`REQ_ACCT_DATA`) for one account at a time to a client. The only account of a login is
/// streamed. Where there are several, their values are (`REQ_ACCOUNT_UPDATES_MULTI`), and the worth of their positions is
/// asked for in turn: of each account once a minute, and within seconds where its positions have changed.
/// [`View::worth_told`] says when. Whoever watches an account with [`Client::account_updates`] beside it takes its turns.
///
/// ```no_run
/// # async fn example(client: tws_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use tws_client::Portfolio;
///
/// let lane = client.take_order_events().ok_or("somebody else reads the order lane")?;
/// let (portfolio, events) = Portfolio::follow(&client, lane);
/// tokio::spawn(events.drain());
/// portfolio.current(Duration::from_secs(30)).await?;
/// for position in portfolio.view().positions() {
///     println!("{} {:?}", position.contract.symbol, position.position);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Portfolio {
    view: Arc<watch::Sender<View>>,
    /// Ends what keeps the view up to date, with the last handle.
    _task: Arc<Task>,
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Portfolio {
    /// Begins to follow a session, on a task of its own, which keeps the session alive as a [`Client`] does.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn follow(client: &Client, lane: OrderEvents) -> (Self, FollowedEvents) {
        let view = Arc::new(watch::Sender::new(View::default()));
        let task = tokio::spawn(follow::run(client.clone(), Arc::clone(&view)));
        let followed = FollowedEvents { lane, view: Arc::clone(&view) };
        (Self { view, _task: Arc::new(Task(task)) }, followed)
    }

    /// The view as it is now. Do not hold it across an `await`: nothing can change while it is held.
    #[must_use]
    pub fn view(&self) -> watch::Ref<'_, View> {
        self.view.borrow()
    }

    /// The view, to wait for changes of.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// Waits until the view is current: everything was told whole in the connection that stands.
    ///
    /// # Errors
    /// [`RequestError::TimedOut`] where it is not within this time; [`View::missing`] says what is missing.
    pub async fn current(&self, within: Duration) -> Result<(), RequestError> {
        let mut view = self.watch();
        let current = view.wait_for(View::is_current);
        match tokio::time::timeout(within, current).await {
            Ok(Ok(_)) => Ok(()),
            // The sender is part of this handle, so the channel is open.
            Ok(Err(_)) => Err(RequestError::Closed),
            Err(_) => Err(RequestError::TimedOut { request: "Portfolio", after: within }),
        }
    }
}

/// The order lane, read by somebody else, too: every event of [`OrderEvents`], once and in order, after the view has seen
/// it. As there, whoever does not read ends the epoch.
#[derive(Debug)]
pub struct FollowedEvents {
    lane: OrderEvents,
    view: Arc<watch::Sender<View>>,
}

impl FollowedEvents {
    /// The next event; `None` once the session has ended and every event was read.
    pub async fn recv(&mut self) -> Option<LaneEvent> {
        let event = self.lane.recv().await?;
        self.show(&event);
        Some(event)
    }

    /// The next event, if one is there already.
    pub fn try_recv(&mut self) -> Option<LaneEvent> {
        let event = self.lane.try_recv()?;
        self.show(&event);
        Some(event)
    }

    /// Reads on until the session ends, for the view alone.
    pub async fn drain(mut self) {
        while self.recv().await.is_some() {}
    }

    fn show(&self, event: &LaneEvent) {
        self.view.send_if_modified(|view| view.take_event(event));
    }
}

impl Stream for FollowedEvents {
    type Item = LaneEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<LaneEvent>> {
        let polled = Pin::new(&mut self.lane).poll_next(context);
        if let Poll::Ready(Some(event)) = &polled {
            self.show(event);
        }
        polled
    }
}
