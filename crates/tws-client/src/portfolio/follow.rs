//! What keeps a [`View`] up to date beside the order lane: lists after every reconnect, and streams of values.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tws_proto::message::{ExecutionFilter, RequestAccountUpdates, RequestModelValues, RequestPositions};

use super::view::View;
use crate::client::Client;
use crate::error::RequestError;
use crate::event::SessionEvent;
use crate::feed::{AccountUpdate, Feed, ModelValueUpdate, PositionUpdate};
use crate::shared::now;
use crate::state::{Epoch, State, Upstream};
use crate::stream::{Subscription, Update};
use crate::updates::Delivery;

/// The pause before something that failed is asked for again.
const PAUSE: Duration = Duration::from_secs(2);

/// How long a stream may be silent before it was told whole; then its request is taken for lost and made again.
const SILENCE: Duration = Duration::from_secs(30);

/// How many updates of an account may wait to be read; a whole account has a few hundred values, and a line a position.
const UPDATES_MOST: usize = 16_384;

/// How often each of several accounts is asked for what its positions are worth.
const TURN: Duration = Duration::from_secs(60);

/// How long an account whose positions have changed is left alone, as fills come in bursts.
const BURST: Duration = Duration::from_secs(1);

/// What the tasks share.
#[derive(Clone)]
struct Follower {
    client: Client,
    view: Arc<watch::Sender<View>>,
}

/// What runs beside the reader of the order lane; all of it ends when this is dropped.
#[derive(Default)]
struct Tasks {
    /// Of the connection that stands.
    lists: JoinSet<()>,
    /// Positions of all accounts.
    positions: JoinSet<()>,
    /// Streams of accounts.
    streams: JoinSet<()>,
    /// The accounts whose streams these are.
    followed: Vec<String>,
}

/// When the worth of an account is to be asked for.
struct Turn {
    account: String,
    due: Instant,
}

/// Follows a session to its end.
pub(super) async fn run(client: Client, view: Arc<watch::Sender<View>>) {
    // First the events, then the state: what changes in between is told twice and not missed.
    let mut events = client.events();
    let first = client.state().borrow().clone();
    let follower = Follower { client, view };
    let mut tasks = Tasks::default();
    follower.take_state(&first, &mut tasks);
    while let Some(event) = events.recv().await {
        match event {
            SessionEvent::State { state, .. } => follower.take_state(&state, &mut tasks),
            SessionEvent::Missed(_) => {
                // Perhaps TWS had lost IB meanwhile, or there is another connection: everything is read anew.
                follower.change(|view| view.lose_link());
                let state = follower.client.state().borrow().clone();
                follower.take_state(&state, &mut tasks);
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

    fn take_state(&self, state: &State, tasks: &mut Tasks) {
        let is_whole = state.takes_requests() && state.upstream == Upstream::Up;
        if !is_whole {
            tasks.lists = JoinSet::new();
            self.change(|view| view.lose_link());
            return;
        }
        if self.view.borrow().is_linked(state.epoch) {
            return;
        }
        self.change(|view| view.have_link(state.epoch, &state.accounts));
        tasks.lists = JoinSet::new();
        tasks.lists.spawn(self.clone().read_orders());
        tasks.lists.spawn(self.clone().read_fills());
        if tasks.positions.is_empty() {
            tasks.positions.spawn(self.clone().follow_positions());
        }
        self.follow_accounts(state, tasks);
    }

    /// The only account of a login is shown by one stream. Of several, the values are streamed, and the worth of positions,
    /// which TWS shows for one account at a time, is asked for in turn.
    fn follow_accounts(&self, state: &State, tasks: &mut Tasks) {
        let is_one = state.accounts.len() == 1;
        if !is_one {
            tasks.lists.spawn(self.clone().ask_in_turn(state.accounts.clone(), state.epoch));
        }
        if tasks.followed == state.accounts {
            return;
        }
        tasks.followed.clone_from(&state.accounts);
        tasks.streams = JoinSet::new();
        for account in &state.accounts {
            let (follower, account) = (self.clone(), account.clone());
            if is_one {
                tasks.streams.spawn(async move { follower.follow_account(account).await });
            } else {
                tasks.streams.spawn(async move { follower.follow_values(account).await });
            }
        }
    }

    /// Asks for the worth of the positions of each account: in turn, and sooner where positions of one have changed.
    async fn ask_in_turn(self, accounts: Vec<String>, epoch: Epoch) {
        let mut turns: VecDeque<Turn> = accounts.into_iter().map(|account| Turn { account, due: now() }).collect();
        while let Some(turn) = turns.remove(self.next_turn(&turns).await) {
            self.ask_worth(&turn.account, epoch).await;
            turns.push_back(Turn { due: now() + TURN, ..turn });
        }
    }

    /// Whose turn it is: that of the first where it is due, so that nobody waits for ever, else that of one whose positions
    /// have changed.
    async fn next_turn(&self, turns: &VecDeque<Turn>) -> usize {
        let moved = |view: &View| turns.iter().position(|turn| view.has_moved(&turn.account));
        let Some(due) = turns.front().map(|turn| turn.due).filter(|due| *due > now()) else { return 0 };
        let mut view = self.view.subscribe();
        if tokio::time::timeout_at(due.into(), view.wait_for(|view| moved(view).is_some())).await.is_err() {
            return 0;
        }
        tokio::time::sleep(BURST).await;
        moved(&self.view.borrow()).unwrap_or(0)
    }

    async fn ask_worth(&self, account: &str, epoch: Epoch) {
        self.change(|view| view.forget_moved(account));
        match self.client.account(account).await {
            Ok(state) => self.change(|view| view.take_portfolio(account, state.portfolio, epoch, now())),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }

    /// All open orders, of other clients too: which there are, the answer says; how they stand, the lane does. Again where
    /// one may be missing.
    async fn read_orders(self) {
        loop {
            let since = self.view.borrow().sequence();
            if let Ok(open) = self.client.all_open_orders().await {
                self.change(|view| view.take_open_orders(open, since));
                self.until(|view| !view.has_orders()).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn read_fills(self) {
        loop {
            if let Ok(executions) = self.client.executions(ExecutionFilter::default()).await {
                self.change(|view| view.take_executions(executions));
                self.until(|view| !view.has_fills()).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until the view is so.
    async fn until(&self, is: impl Fn(&View) -> bool) {
        // The channel is open: this task holds an end of it.
        let _ = self.view.subscribe().wait_for(|view| is(view)).await;
    }

    /// Has all positions told, and again where one may be missing.
    async fn follow_positions(self) {
        loop {
            tokio::select! {
                biased;
                () = self.until(View::doubts_positions) => {}
                () = self.stream_positions() => return,
            }
            tokio::time::sleep(PAUSE).await;
            self.change(View::retell_positions);
        }
    }

    /// The stream makes TWS tell positions; the lane, which leaves nothing out, carries them into the view.
    async fn stream_positions(&self) {
        let follow = |update, _| async move {
            match update {
                Some(PositionUpdate::Complete) => Told::Whole,
                Some(PositionUpdate::Position(_)) | None => Told::Part,
            }
        };
        self.follow(RequestPositions::default, Delivery::Conflated, follow).await;
    }

    async fn follow_account(self, account: String) {
        let request = || RequestAccountUpdates { subscribe: true, account: account.clone() };
        let follow = |update, origin: Origin| {
            let (follower, account) = (self.clone(), account.clone());
            async move {
                match update {
                    Some(AccountUpdate::Value(value)) => follower.change(|view| {
                        view.take_value((value.account, value.key, value.currency), value.value);
                    }),
                    Some(AccountUpdate::Portfolio(line)) => follower.change(|view| view.take_line(*line, now())),
                    Some(AccountUpdate::Time(_)) => {}
                    Some(AccountUpdate::Complete) => {
                        let epoch = follower.epoch_of(origin);
                        follower.change(|view| view.complete_portfolio(&account, epoch, now()));
                        return follower.complete(account, origin).await;
                    }
                    None => follower.change(|view| view.lose_account(&account)),
                }
                Told::Part
            }
        };
        // A line that was left out would not be told again before it changes.
        self.follow(request, Delivery::Lossless { updates_max: UPDATES_MOST }, follow).await;
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
        self.follow(request, Delivery::Conflated, follow).await;
    }

    /// The values of an account are whole, once what the stream may have left out was asked for.
    async fn complete(&self, account: String, origin: Origin) -> Told {
        let epoch = self.epoch_of(origin);
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

    /// The connection that an item of a stream came from.
    fn epoch_of(&self, origin: Origin) -> Epoch {
        origin.epoch.unwrap_or_else(|| self.client.state().borrow().epoch)
    }

    /// Reads a stream for ever, and begins it anew where TWS ends it. `follow` gets `None` where something was missed.
    async fn follow<F: Feed, R: Future<Output = Told>>(
        &self,
        request: impl Fn() -> F,
        delivery: Delivery,
        follow: impl Fn(Option<F::Item>, Origin) -> R,
    ) {
        loop {
            let ended = match self.client.subscribe_with(request(), delivery) {
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
