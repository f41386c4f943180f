//! What keeps a [`View`] up to date beside the order lane: lists after every reconnect, and streams of values.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tws_proto::message::{ExecutionFilter, RequestAccountUpdates, RequestModelValues, RequestPositions};

use super::view::View;
use crate::client::Client;
use crate::error::RequestError;
use crate::event::SessionEvent;
use crate::feed::{AccountUpdate, Feed, ModelValueUpdate, PositionUpdate};
use crate::state::{Epoch, State, Upstream};
use crate::stream::{Subscription, Update};

/// The pause before something that failed is asked for again.
const PAUSE: Duration = Duration::from_secs(2);

/// How long a stream may be silent before it was told whole; then its request is taken for lost and made again.
const SILENCE: Duration = Duration::from_secs(30);

/// What the tasks share.
#[derive(Clone)]
struct Follower {
    client: Client,
    view: Arc<watch::Sender<View>>,
}

/// Follows a session to its end.
pub(super) async fn run(client: Client, view: Arc<watch::Sender<View>>) {
    // First the events, then the state: what changes in between is told twice and not missed.
    let mut events = client.events();
    let first = client.state().borrow().clone();
    let follower = Follower { client, view };
    let (mut lists, mut streams) = (JoinSet::new(), JoinSet::new());
    let mut followed = BTreeSet::new();
    follower.take_state(&first, &mut lists, &mut streams, &mut followed);
    while let Some(event) = events.recv().await {
        match event {
            SessionEvent::State { state, .. } => {
                follower.take_state(&state, &mut lists, &mut streams, &mut followed);
            }
            SessionEvent::Missed(_) => {
                // Perhaps TWS had lost IB meanwhile, or there is another connection: everything is read anew.
                follower.change(|view| view.lose_link());
                let state = follower.client.state().borrow().clone();
                follower.take_state(&state, &mut lists, &mut streams, &mut followed);
            }
            SessionEvent::Alarm(_) | SessionEvent::Stale { .. } | SessionEvent::Fresh { .. } => {}
        }
    }
    follower.change(|view| view.lose_link());
}

impl Follower {
    fn change(&self, change: impl FnOnce(&mut View)) {
        self.view.send_modify(change);
    }

    fn take_state(
        &self,
        state: &State,
        lists: &mut JoinSet<()>,
        streams: &mut JoinSet<()>,
        followed: &mut BTreeSet<String>,
    ) {
        let is_whole = state.takes_requests() && state.upstream == Upstream::Up;
        if !is_whole {
            lists.abort_all();
            self.change(|view| view.lose_link());
            return;
        }
        if self.view.borrow().is_linked(state.epoch) {
            return;
        }
        self.change(|view| view.have_link(state.epoch, &state.accounts));
        lists.abort_all();
        lists.spawn(self.clone().read_orders());
        lists.spawn(self.clone().read_fills());
        if streams.is_empty() {
            streams.spawn(self.clone().follow_positions());
        }
        // The account whose portfolio TWS shows, where nothing is followed yet.
        let shown = if followed.is_empty() { state.accounts.first() } else { None };
        for account in &state.accounts {
            if followed.insert(account.clone()) {
                let (follower, account, is_shown) = (self.clone(), account.clone(), shown == Some(account));
                if is_shown {
                    streams.spawn(async move { follower.follow_account(account).await });
                } else {
                    streams.spawn(async move { follower.follow_values(account).await });
                }
            }
        }
    }

    /// All open orders, of other clients too: which there are, the answer says; how they stand, the lane does.
    async fn read_orders(self) {
        loop {
            let since = self.view.borrow().sequence();
            if let Ok(open) = self.client.all_open_orders().await {
                return self.change(|view| view.take_open_orders(open, since));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn read_fills(self) {
        loop {
            if let Ok(executions) = self.client.executions(ExecutionFilter::default()).await {
                return self.change(|view| view.take_executions(executions));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The stream makes TWS tell positions; the lane, which leaves nothing out, carries them into the view.
    async fn follow_positions(self) {
        let follow = |update, _| async move {
            match update {
                Some(PositionUpdate::Complete) => Told::Whole,
                Some(PositionUpdate::Position(_)) | None => Told::Part,
            }
        };
        self.follow(RequestPositions::default, follow).await;
    }

    async fn follow_account(self, account: String) {
        let request = || RequestAccountUpdates { subscribe: true, account: account.clone() };
        let follow = |update, origin| {
            let (follower, account) = (self.clone(), account.clone());
            async move {
                match update {
                    Some(AccountUpdate::Value(value)) => follower.change(|view| {
                        view.take_value((value.account, value.key, value.currency), value.value);
                    }),
                    Some(AccountUpdate::Portfolio(line)) => follower.change(|view| view.take_line(*line)),
                    Some(AccountUpdate::Time(_)) => {}
                    Some(AccountUpdate::Complete) => return follower.complete(account, origin).await,
                    None => follower.change(|view| view.lose_values(&account)),
                }
                Told::Part
            }
        };
        self.follow(request, follow).await;
    }

    async fn follow_values(self, account: String) {
        let request = || RequestModelValues { account: account.clone(), ..RequestModelValues::default() };
        let follow = |update, origin| {
            let (follower, account) = (self.clone(), account.clone());
            async move {
                match update {
                    Some(ModelValueUpdate::Value(value)) => follower.change(|view| {
                        view.take_value((value.account, value.key, value.currency), value.value);
                    }),
                    Some(ModelValueUpdate::Complete) => return follower.complete(account, origin).await,
                    None => follower.change(|view| view.lose_values(&account)),
                }
                Told::Part
            }
        };
        self.follow(request, follow).await;
    }

    /// The values of an account are whole, once what the stream may have left out was asked for.
    async fn complete(&self, account: String, origin: Origin) -> Told {
        let epoch = origin.epoch.unwrap_or_else(|| self.client.state().borrow().epoch);
        if origin.is_lossy {
            let request = RequestModelValues { account: account.clone(), ..RequestModelValues::default() };
            let Ok(values) = self.client.request(request).await else { return Told::Part };
            self.change(|view| {
                for value in values {
                    view.take_value((value.account, value.key, value.currency), value.value);
                }
            });
        }
        self.change(|view| view.complete_values(&account, epoch));
        Told::Whole
    }

    /// Reads a stream for ever, and begins it anew where TWS ends it. `follow` gets `None` where something was missed.
    async fn follow<F: Feed, R: Future<Output = Told>>(
        &self,
        request: impl Fn() -> F,
        follow: impl Fn(Option<F::Item>, Origin) -> R,
    ) {
        loop {
            let ended = match self.client.subscribe(request()) {
                Ok(mut stream) => self.read(&mut stream, &follow).await,
                Err(error) => Some(error),
            };
            follow(None, Origin { epoch: None, is_lossy: false }).await;
            if ended == Some(RequestError::Closed) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads a stream to its end, or until its request must have been lost; says why it ended.
    async fn read<T: crate::stream::Conflate, R: Future<Output = Told>>(
        &self,
        stream: &mut Subscription<T>,
        follow: &impl Fn(Option<T>, Origin) -> R,
    ) -> Option<RequestError> {
        let (mut origin, mut told) = (Origin { epoch: None, is_lossy: false }, Told::Part);
        loop {
            let update = match (told, tokio::time::timeout(SILENCE, stream.recv()).await) {
                (_, Ok(update)) => update?,
                (Told::Part, Err(_)) if self.client.state().borrow().takes_requests() => return None,
                (Told::Part | Told::Whole, Err(_)) => continue,
            };
            match update {
                Update::Data(data) => {
                    // Once something was left out, the order of things is not known any more.
                    origin.is_lossy |= stream.conflated() > 0;
                    if follow(Some(data), origin).await == Told::Whole {
                        told = Told::Whole;
                    }
                }
                Update::Gap { epoch } => {
                    (origin.epoch, told) = (Some(epoch), Told::Part);
                    follow(None, origin).await;
                }
                Update::Notice(_) => {}
                Update::Ended(error) => return Some(error),
            }
        }
    }
}

/// What is known of an item of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    /// The connection it came from, where the stream has said so.
    epoch: Option<Epoch>,
    /// Whether the stream was so much faster than its reader that something may be missing.
    is_lossy: bool,
}

/// Whether what a stream begins with was told whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Part,
    Whole,
}
