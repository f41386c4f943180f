//! A whole client with a stream of quotes and an open order lane, and the server's end of its pipe.

use std::time::Duration;

use tws_client::{Config, Epoch, LaneEvent, MarketData, OrderEvents, Reason, StateChange, Tick, TradingClient, Update};
use tws_proto::ServerVersion;
use tws_proto::contract::Contract;
use tws_proto::ids::RequestId;
use tws_proto::message::TickPrice;

use crate::frames::written;
use crate::support::{BID, Listener, Peer, SECOND, session};

/// A ready session, and what it delivers.
pub(crate) struct Bench {
    pub(crate) client: TradingClient,
    pub(crate) listener: Listener,
    pub(crate) peer: Peer,
    pub(crate) quotes: MarketData,
    pub(crate) lane: OrderEvents,
    /// Under which the stream of quotes was asked for.
    pub(crate) id: RequestId,
    pub(crate) version: i32,
}

/// What reached the user.
#[derive(Debug, PartialEq)]
pub(crate) struct Heard {
    pub(crate) quotes: Vec<Update<Tick>>,
    pub(crate) lane: Vec<LaneEvent>,
}

impl Heard {
    /// In short, quotes first: `bid 1`, `bad ORDER_STATUS.filled not_a_number`, else the wire name.
    pub(crate) fn short(&self) -> Vec<String> {
        self.quotes.iter().map(short_update).chain(self.lane.iter().map(short_event)).collect()
    }
}

fn short_update(update: &Update<Tick>) -> String {
    match update {
        Update::Data(Tick::Price(tick)) => match tick.price {
            Some(price) => format!("price {price}"),
            None => "price none".to_owned(),
        },
        other => format!("{other:?}"),
    }
}

fn short_event(event: &LaneEvent) -> String {
    match event {
        LaneEvent::BadFrame(bad) => format!("bad {}.{} {}", bad.message, bad.field, bad.fault.name()),
        LaneEvent::Notice(notice) => format!("notice {} {}", notice.code, notice.text),
        LaneEvent::Message(message) => tws_proto::message::Message::facts(message).name.to_owned(),
        other => format!("{other:?}"),
    }
}

impl Bench {
    /// A session that is ready at this server version and has its stream.
    pub(crate) async fn at(version: i32) -> Self {
        let (client, mut listener, _driver) = session(Config::paper());
        let mut lane = client.take_order_events().unwrap();
        let quotes = client.market_data(&Contract::stock("IBM", "USD"), &[]).unwrap();
        let mut peer = listener.started_at(ServerVersion(version)).await;
        peer.get_ready().await;
        client.ready(SECOND).await.unwrap();
        let id = peer.hear_market_data().await;
        settle().await;
        while lane.try_recv().is_some() {}
        Self { client, listener, peer, quotes, lane, id, version }
    }

    /// A bid of the stream.
    pub(crate) fn bid(&self, price: i64) -> Vec<u8> {
        let tick = TickPrice { request_id: self.id, kind: BID, price: Some(price.into()), ..TickPrice::default() };
        written(self.version, tick)
    }

    /// What has reached the user since it was last asked.
    pub(crate) async fn heard(&mut self) -> Heard {
        settle().await;
        let mut heard = Heard { quotes: Vec::new(), lane: Vec::new() };
        while let Some(update) = self.quotes.try_recv() {
            heard.quotes.push(update);
        }
        while let Some(event) = self.lane.try_recv() {
            heard.lane.push(event);
        }
        heard
    }

    /// Says these bytes between two ticks in one write. Both ticks must arrive, in the same epoch; gives what else did.
    pub(crate) async fn between_ticks(&mut self, bytes: &[u8]) -> Heard {
        let together = [&self.bid(1)[..], bytes, &self.bid(2)].concat();
        self.peer.say_raw(&together).await;
        let mut heard = self.heard().await;
        let state = self.client.state().borrow().clone();
        let said = &bytes[..bytes.len().min(200)].escape_ascii();
        assert!(state.is_ready() && state.epoch == Epoch(1), "{state:?} behind {said}");
        assert_eq!(heard.quotes.first().map(short_update).as_deref(), Some("price 1"), "{heard:?} behind {said}");
        assert_eq!(heard.quotes.last().map(short_update).as_deref(), Some("price 2"), "{heard:?} behind {said}");
        heard.quotes = heard.quotes[1..heard.quotes.len() - 1].to_vec();
        heard
    }

    /// Says these bytes between two ticks, and compares all that came of it, in short: what reached the user, then what
    /// was counted (`counted TICK_PRICE not_a_number`, `stray 1`, `trailing 2`).
    pub(crate) async fn check(&mut self, bytes: &[u8], expected: &[&str]) {
        let before = self.client.counts();
        let mut told = self.between_ticks(bytes).await.short();
        let after = self.client.counts();
        for (kind, count) in &after.bad_frames {
            if before.bad_frames.get(kind) != Some(count) {
                told.push(format!("counted {} {}", kind.message, kind.fault));
            }
        }
        for (what, more) in [
            ("stray", after.stray_messages - before.stray_messages),
            ("trailing", after.trailing_fields - before.trailing_fields),
        ] {
            if more > 0 {
                told.push(format!("{what} {more}"));
            }
        }
        assert_eq!(told, expected, "at {} behind {}", self.version, bytes[..bytes.len().min(200)].escape_ascii());
    }

    /// Says these bytes behind a tick, which must arrive; they must end the epoch, and the next one must get ready. Gives
    /// the reason.
    pub(crate) async fn drops(mut self, bytes: &[u8]) -> Reason {
        self.peer.say_raw(&[&self.bid(1)[..], bytes].concat()).await;
        settle().await;
        self.comes_back().await
    }

    /// As `drops`, but it is the end of the connection behind the bytes that ends the epoch.
    pub(crate) async fn cut(mut self, bytes: &[u8]) -> Reason {
        self.peer.say_raw(&[&self.bid(1)[..], bytes].concat()).await;
        settle().await;
        assert!(self.client.state().borrow().is_ready());
        self.peer.close().await;
        self.comes_back().await
    }

    async fn comes_back(mut self) -> Reason {
        let heard = self.heard().await;
        assert_eq!(heard.quotes.iter().map(short_update).collect::<Vec<_>>(), ["price 1"]);
        let reason = match &heard.lane[..] {
            [LaneEvent::State(StateChange::EpochLost { epoch: Epoch(1), reason })] => reason.clone(),
            other => panic!("{other:?}"),
        };
        self.peer = self.listener.started_at(ServerVersion(self.version)).await;
        self.peer.get_ready().await;
        assert_eq!(self.client.ready(SECOND).await.unwrap().epoch, Epoch(2));
        self.id = self.peer.hear_market_data().await;
        self.peer.say_raw(&self.bid(3)).await;
        let told: Vec<String> = self.heard().await.quotes.iter().map(short_update).collect();
        assert_eq!(told, ["Gap { epoch: Epoch(2) }", "price 3"]);
        reason
    }
}

/// Lets everything that was written arrive.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
