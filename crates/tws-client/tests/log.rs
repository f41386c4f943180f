//! What the client logs: a warning where TWS is on another machine, and spans that name epoch, request and order, with no
//! account number in any of it.

mod support;

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use support::{SECOND, place, ready_session};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tws_client::{Config, TcpConnector};
use tws_proto::ids::OrderId;
use tws_proto::kinds::Status;
use tws_proto::message::{ClientMessage, CurrentTimeMillis, Notice, OrderStatus};

/// Keeps a line of every span, of what is recorded of one, and of every event.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
}

/// One line.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Log {
    fn keep(&self, line: Line) {
        self.lines.lock().unwrap().push(line.0);
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines that hold all of these words.
    #[track_caller]
    fn has(&self, words: &[&str]) {
        let lines = self.lines();
        let found = lines.iter().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "no line has {words:?}: {lines:#?}");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.spans.fetch_add(1, Ordering::Relaxed) + 1;
        let mut line = Line(format!("span {id} {}", span.metadata().name()));
        span.record(&mut line);
        self.keep(line);
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut line = Line(format!("recorded {}", span.into_u64()));
        values.record(&mut line);
        self.keep(line);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.keep(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_tws_on_another_machine_is_worth_a_warning() {
    for (host, warns) in [("127.0.0.1", false), ("::1", false), ("localhost", false), ("192.0.2.7", true)] {
        let log = Log::default();
        let config = Config { host: host.to_owned(), ..Config::paper() };
        tracing::subscriber::with_default(log.clone(), || TcpConnector::of(&config));
        assert_eq!(log.lines().len(), usize::from(warns), "{host}: {:?}", log.lines());
        if warns {
            log.has(&["WARN", "plain text", host]);
        }
    }
    assert_eq!((Config::paper().is_loopback(), Config::live().is_loopback()), (true, true));
}

#[tokio::test(start_paused = true)]
async fn spans_name_epoch_request_and_order_and_no_line_an_account() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let (client, _listener, mut peer) = ready_session().await;
    let asked = tokio::spawn({
        let client = client.client().clone();
        async move { client.server_time().await }
    });
    assert!(matches!(peer.hear().await, ClientMessage::RequestCurrentTimeMillis(_)));
    peer.say(CurrentTimeMillis { time_ms: 1_784_746_800_000 }).await;
    asked.await.unwrap().unwrap();
    log.has(&["request", "epoch=1", "name=\"REQ_CURRENT_TIME_IN_MILLIS\"", "id="]);
    client.send_order_messages(vec![place(100), place(101)]).unwrap();
    log.has(&["orders", "orders=[100, 101]"]);
    log.has(&["recorded", "epoch=1"]);
    let status = OrderStatus { order_id: OrderId(100), status: Status::Submitted, ..OrderStatus::default() };
    peer.say(Box::new(status)).await;
    let text = "Order of DU1234567 is held";
    peer.say(Box::new(Notice { id: Some(100), code: 399, text: text.into(), ..Notice::default() })).await;
    tokio::time::sleep(SECOND).await;
    let lines = log.lines();
    assert!(lines.len() > 5, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("1234567") || line.contains("7654321")), "{lines:#?}");
}
