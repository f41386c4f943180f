//! How much the simulator carries: ticks to one client, ticks to many, orders through its core.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use rust_decimal::Decimal;
use tws_proto::connection::{Client, Connection};
use tws_proto::handshake::{ClientHandshake, Progress};
use tws_proto::ids::{ClientId, OrderId, RequestId};
use tws_proto::kinds::Action;
use tws_proto::message::{CancelOrder, PlaceOrder, RequestMarketData, StartApi};
use tws_proto::{ClientMessage, Contract, Order, ServerVersion};
use tws_sim::core::{Core, CoreSetup, Feed, Input};
use tws_sim::market::{MarketEvent, Quote};
use tws_sim::session::SessionId;
use tws_sim::{Instrument, Pace, SimTime, TwsSim};

use crate::harness::Effort;

/// Market data lines of each client.
const LINES: i32 = 100;
/// Clients at once, as many as a TWS takes.
const CLIENTS: i32 = 32;
/// Ticks a second that all of them together are asked to be given.
const MANY_TICKS_S: f64 = 50_000.0;
/// Ids of the instruments that are traded here.
const FIRST_CONTRACT: i32 = 900_000;

/// One figure.
pub(crate) struct Capacity {
    pub(crate) name: &'static str,
    pub(crate) per_second: f64,
    /// What was promised.
    pub(crate) asked: f64,
    /// What else was seen.
    pub(crate) beside: String,
}

/// Everything that the simulator promises to carry.
pub(crate) fn measure(effort: Effort) -> Vec<Capacity> {
    vec![orders(effort), one_client(effort), many_clients(effort)]
}

/// Orders that are placed, acknowledged, and filled or cancelled.
fn orders(effort: Effort) -> Capacity {
    eprintln!("measuring: order round trips in the core ...");
    let (session, start) = (SessionId(1), SimTime(1_381_152_600_000));
    let mut core = Core::new(CoreSetup { feed: Feed::Still, ..CoreSetup::new(1, start) });
    let client_id = ClientId(1);
    core.step(Input::Connected { session, version: ServerVersion::NEWEST }, start);
    let hello = StartApi { client_id, ..StartApi::default() };
    core.step(Input::Message { session, message: hello.into() }, start);
    let instrument = core.catalogue().by_name("IBM").expect("it is built in");
    let (contract, in_full) = (instrument.contract_id, instrument.contract());
    let quote =
        Quote::new(Decimal::new(18_450, 2), 1_000_000_000.into(), Decimal::new(18_451, 2), 1_000_000_000.into());
    core.step(Input::Market { contract, event: MarketEvent::Quote(quote) }, start);

    let (mut round_trips, mut now) = (0_u32, start);
    let started = Instant::now();
    while started.elapsed() < effort.spell() {
        for _ in 0..500 {
            round_trips += 1;
            now = now.plus_ms(1);
            let order_id = OrderId(round_trips as i32);
            let cancelled = round_trips.is_multiple_of(2);
            // One rests and is cancelled, the next one trades; buys and sells in turns.
            let side = if round_trips % 4 < 2 { Action::Buy } else { Action::Sell };
            let price = match (&side, cancelled) {
                (Action::Buy, true) | (Action::Sell, false) => Decimal::new(18_400, 2),
                _ => Decimal::new(18_500, 2),
            };
            let order = Order::limit(side, Decimal::ONE, price);
            let place = PlaceOrder { order_id, contract: in_full.clone(), order, attached: None };
            let told = core.step(Input::Message { session, message: Box::new(place).into() }, now).len();
            assert!(told >= 2, "an order is acknowledged, not met with {told} messages");
            if cancelled {
                let cancel = CancelOrder { order_id, ..CancelOrder::default() };
                let told = core.step(Input::Message { session, message: cancel.into() }, now).len();
                assert!(told >= 1, "a cancel is answered");
            }
        }
    }
    let per_second = f64::from(round_trips) / started.elapsed().as_secs_f64();
    let fills = core.books().fills().len();
    assert!(fills > 0, "half of the orders trade");
    Capacity {
        name: "order round trips in the core",
        per_second,
        asked: 50_000.0,
        beside: format!("{fills} fills kept"),
    }
}

/// As many ticks to one client over loopback as it can be given.
fn one_client(effort: Effort) -> Capacity {
    eprintln!("measuring: ticks to one client ...");
    let (runtime, sim) = start(Pace::AsFast);
    let client = Reader::start(sim.address(), 1);
    client.warm_up();
    let (before, started) = (client.ticks(), Instant::now());
    std::thread::sleep(effort.spell());
    let ticks = client.ticks() - before;
    let per_second = ticks as f64 / started.elapsed().as_secs_f64();
    let beside = format!("{LINES} lines, server and client on this machine");
    drop(client);
    runtime.block_on(sim.shutdown());
    Capacity { name: "ticks to one client over loopback", per_second, asked: 1_000_000.0, beside }
}

/// All the clients that a TWS takes, each with all its lines.
fn many_clients(effort: Effort) -> Capacity {
    eprintln!("measuring: ticks to {CLIENTS} clients ...");
    let (runtime, sim) = start(Pace::Real);
    let clients: Vec<Reader> = (1..=CLIENTS).map(|id| Reader::start(sim.address(), id)).collect();
    clients.iter().for_each(Reader::warm_up);
    let all = |clients: &[Reader]| clients.iter().map(Reader::ticks).sum::<u64>();
    // How much the markets say by themselves decides how fast time has to pass.
    let (before, started) = (all(&clients), Instant::now());
    std::thread::sleep(Duration::from_secs(2));
    let by_itself = (all(&clients) - before) as f64 / started.elapsed().as_secs_f64();
    sim.set_pace(Pace::Factor(1.05 * MANY_TICKS_S / by_itself.max(1.0))).expect("a speed above 0");
    std::thread::sleep(Duration::from_secs(1));
    let (before, memory, started) = (all(&clients), resident_bytes(), Instant::now());
    std::thread::sleep(effort.long_spell());
    let per_second = (all(&clients) - before) as f64 / started.elapsed().as_secs_f64();
    let growth = resident_bytes().saturating_sub(memory) as f64 / f64::from(1 << 20);
    let dropped = sim.counters().dropped;
    let beside = format!("{:.0} s, {growth:.1} MiB grown, {dropped} clients dropped", started.elapsed().as_secs_f64());
    drop(clients);
    runtime.block_on(sim.shutdown());
    Capacity { name: "ticks to 32 clients of 100 lines", per_second, asked: MANY_TICKS_S, beside }
}

fn start(pace: Pace) -> (tokio::runtime::Runtime, TwsSim) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be started");
    let stocks =
        (0..LINES).map(|at| Instrument::stock(FIRST_CONTRACT + at, &format!("T{at}"), "USD", Decimal::from(50 + at)));
    let builder = stocks.fold(TwsSim::builder().seed(1).speed(pace), |builder, stock| builder.instrument(stock));
    let sim = runtime.block_on(builder.start()).expect("a free port");
    (runtime, sim)
}

/// A client that subscribes to everything and only counts what comes: frames are split off, not read.
struct Reader {
    ticks: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    socket: TcpStream,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Reader {
    fn start(address: SocketAddr, client: i32) -> Self {
        let mut socket = TcpStream::connect(address).expect("the simulator listens");
        socket.set_nodelay(true).expect("a live socket");
        let mut connection = shake_hands(&mut socket);
        let mut send = |message: ClientMessage| connection.send(message).expect("it can travel");
        send(StartApi { client_id: ClientId(client), ..StartApi::default() }.into());
        for at in 0..LINES {
            let contract = Contract::stock(&format!("T{at}"), "USD");
            let request_id = RequestId(1000 + at);
            send(Box::new(RequestMarketData { request_id, contract, ..RequestMarketData::default() }).into());
        }
        socket.write_all(&connection.poll_transmit().expect("there is something")).expect("a live socket");
        let (ticks, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let reading = socket.try_clone().expect("a live socket");
        let thread = std::thread::spawn({
            let (ticks, stop) = (Arc::clone(&ticks), Arc::clone(&stop));
            move || count(reading, &ticks, &stop)
        });
        Self { ticks, stop, socket, thread: Some(thread) }
    }

    fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Waits for the first ticks.
    fn warm_up(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.ticks() < 1_000 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(self.ticks() >= 1_000, "ticks come");
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // The reader wakes up by the end of its stream; where it is gone already, that is as good.
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn shake_hands(socket: &mut TcpStream) -> Connection<Client> {
    let (mut handshake, greeting) = ClientHandshake::start(ServerVersion::NEWEST, "").expect("no options");
    socket.write_all(&greeting).expect("a live socket");
    let mut bytes = [0; 256];
    loop {
        let count = socket.read(&mut bytes).expect("a live socket");
        assert!(count > 0, "the simulator answers");
        match handshake.handle_input(&bytes[..count]).expect("a TWS") {
            Progress::More(more) => handshake = more,
            Progress::Done((connection, _)) => return connection,
        }
    }
}

fn count(mut socket: TcpStream, ticks: &AtomicU64, stop: &AtomicBool) {
    let mut buffer = BytesMut::with_capacity(1 << 20);
    let mut bytes = vec![0; 256 << 10];
    while !stop.load(Ordering::Relaxed) {
        let Ok(read @ 1..) = socket.read(&mut bytes) else { return };
        buffer.extend_from_slice(&bytes[..read]);
        let mut frames = 0;
        while let Some(length) = buffer.first_chunk().map(|length| u32::from_be_bytes(*length) as usize) {
            if buffer.len() < 4 + length {
                break;
            }
            buffer.advance(4 + length);
            frames += 1;
        }
        ticks.fetch_add(frames, Ordering::Relaxed);
    }
}

/// Memory of this process that is in use, simulator and clients together; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = told.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
