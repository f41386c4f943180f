//! From a submission to the order at the broker: the whole trader, a durable commit on its way, over loopback.
//!
//! The simulator is the broker. Between the two stands a relay that looks at the clock when the frame of an order has
//! come in, before it hands the frame on.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use trader::prelude::*;
use tws_sim::TwsSim;

use crate::harness::Effort;
use crate::journal::{folder, microseconds};
use crate::report::{Row, Table};

/// `PLACE_ORDER` in protobuf form.
const PLACE_ORDER: i32 = 203;
/// Orders before any is timed.
const WARM_UP: usize = 20;
/// Between two orders: TWS takes 50 messages a second.
const PAUSE: Duration = Duration::from_millis(40);
const P50_ASKED_US: f64 = 1_000.0;
const P99_ASKED_US: f64 = 5_000.0;

/// Submissions one at a time, through gate, journal and client.
pub(crate) fn measure(effort: Effort) -> Vec<Table> {
    eprintln!("measuring: intent to socket ...");
    let folder = folder();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be started");
    let orders = 3 * effort.rounds;
    let (bare, whole) = runtime.block_on(submit(folder.path(), orders));
    let names = [
        "600 bytes appended to a file, fdatasync, as many bytes over loopback; the limit",
        "Handle::submit until the frame has come",
    ];
    vec![Table {
        title: format!("intent to socket: a submission until PLACE_ORDER is at the broker; {orders} of each in turns"),
        columns: &["p50 us", "p99 us"],
        rows: vec![
            Row::of_times(names[0], bare, Vec::new()),
            Row::of_times(names[1], whole, vec![P50_ASKED_US, P99_ASKED_US]),
        ],
    }]
}

async fn submit(folder: &Path, orders: usize) -> (Vec<f64>, Vec<f64>) {
    let broker = TwsSim::builder().seed(1).still_markets().start().await.expect("a free port");
    quote(&broker);
    let relay = Relay::start(broker.address());
    let mut config = TraderConfig::paper();
    (config.host, config.port) = (Ipv4Addr::LOCALHOST.to_string(), relay.port);
    config.journal = folder.join("trader.db");
    config.lock_folder = Some(folder.to_owned());
    config.limits.quote_age_max_ms = 3_600_000; // markets stand still
    config.limits.duplicate_window_ms = 1;
    (config.limits.orders_per_second, config.limits.orders_per_second_strategy) = (50, 50);
    let entries = u32::try_from(WARM_UP + orders).unwrap_or(u32::MAX);
    (config.limits.entries_per_minute_strategy, config.limits.entries_per_day_strategy) = (entries, entries);
    let trader = Trader::builder(config).start().await.expect("the simulator is there");
    let handle = trader.handle();
    let ibm = handle.watch(&Contract::stock("IBM", "USD")).await.expect("it is built in");
    let mut bare = Bare::start(folder);
    let (mut bare_took, mut took) = (Vec::new(), Vec::new());
    for at in 0..WARM_UP + orders {
        tokio::time::sleep(PAUSE).await;
        bare_took.push(bare.once());
        quote(&broker);
        tokio::time::sleep(PAUSE).await;
        // Each trades at once, one way and back: nothing piles up.
        let ticket = if at.is_multiple_of(2) {
            Ticket::buy(&ibm, 100).limit(Decimal::new(18_500, 2))
        } else {
            Ticket::sell(&ibm, 100).limit(Decimal::new(18_400, 2))
        };
        let started = Instant::now();
        let mut placed = handle.submit(ticket).await.expect("the gate lets it through");
        let arrived = relay.orders.recv_timeout(Duration::from_secs(5)).expect("it was sent");
        took.push((arrived - started).as_nanos() as f64 / 1000.0);
        placed.done(Duration::from_secs(10)).await.expect("it trades");
    }
    assert_eq!(trader.stop().await.journal_fault, None);
    broker.shutdown().await;
    (bare_took.split_off(WARM_UP), took.split_off(WARM_UP))
}

/// A market to trade at; what was taken from it is there again.
fn quote(broker: &TwsSim) {
    broker.quote("IBM", Decimal::new(18_450, 2), Decimal::new(18_451, 2)).expect("it is built in");
}

/// What cannot be avoided: a write to the disk, a sync, and a way over loopback.
struct Bare {
    file: File,
    near: TcpStream,
    far: TcpStream,
}

impl Bare {
    const BYTES: [u8; 600] = [b'x'; 600];

    fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let near = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        near.set_nodelay(true).expect("a live socket");
        let (far, _) = listener.accept().expect("it was connected to");
        Self { file: File::create_new(folder.join("file")).expect("a new file"), near, far }
    }

    fn once(&mut self) -> f64 {
        microseconds(|| {
            self.file.write_all(&Self::BYTES).expect("room");
            self.file.sync_data().expect("a disk");
            self.near.write_all(&Self::BYTES).expect("a live socket");
            self.far.read_exact(&mut [0; Self::BYTES.len()]).expect("a live socket");
        })
    }
}

/// Hands bytes on in both directions, and tells when each order came.
struct Relay {
    port: u16,
    orders: Receiver<Instant>,
}

impl Relay {
    fn start(broker: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, orders) = channel();
        std::thread::spawn(move || {
            let (trader, _) = listener.accept().expect("a trader connects");
            let broker = TcpStream::connect(broker).expect("the simulator listens");
            let (from, to) = (broker.try_clone().expect("a live socket"), trader.try_clone().expect("a live socket"));
            std::thread::spawn(move || hand_on(from, to, |_| {}));
            let mut frames = Frames { input: Vec::new(), sender };
            hand_on(trader, broker, |bytes| frames.take(bytes));
        });
        Self { port, orders }
    }
}

/// Until one side has gone; then the other one goes too.
fn hand_on(mut from: TcpStream, mut to: TcpStream, mut look: impl FnMut(&[u8])) {
    from.set_nodelay(true).expect("a live socket");
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        look(&bytes[..count]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both); // it may be gone already
}

/// What the trader says, frame by frame.
struct Frames {
    input: Vec<u8>,
    sender: Sender<Instant>,
}

impl Frames {
    fn take(&mut self, bytes: &[u8]) {
        let now = Instant::now();
        self.input.extend_from_slice(bytes);
        // The handshake begins with four bytes that are no frame.
        if self.input.starts_with(b"API\0") {
            self.input.drain(..4);
        }
        while let Some(length) = self.input.first_chunk().map(|length| u32::from_be_bytes(*length) as usize) {
            let Some(body) = self.input.get(4..4 + length) else { return };
            if body.starts_with(&PLACE_ORDER.to_be_bytes()) {
                let _ = self.sender.send(now); // nobody may be waiting any more
            }
            self.input.drain(..4 + length);
        }
    }
}
