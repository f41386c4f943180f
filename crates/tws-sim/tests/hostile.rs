//! Slow and hostile clients: they cost bounded memory, and nobody else a tick.

mod peer;

use std::time::Duration;

use peer::Peer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tws_proto::kinds::TickKind;
use tws_proto::{ServerMessage, ServerVersion};
use tws_sim::TwsSim;

/// How much memory any of this may take.
const GROWTH_MIB_MAX: u64 = 96;
const QUOTES: i64 = 2000;

/// Memory of this process, MiB; 0 where the system does not tell.
fn memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// A simulator and a client that behaves, and counts the bids it gets.
struct House {
    sim: TwsSim,
    good: JoinHandle<i64>,
    before_mib: u64,
}

impl House {
    async fn open() -> Self {
        let sim = TwsSim::builder().in_memory().still_markets().start().await.unwrap();
        sim.quote("IBM", 1, 1000).unwrap();
        let mut good = Peer::start(sim.connect(), 1).await;
        good.watch_ibm().await;
        good.patience = Duration::from_secs(86_400); // of simulated time
        let good = tokio::spawn(async move {
            let mut bids = 0;
            // The picture of the beginning is the first one, the last quote the last.
            loop {
                let Some(ServerMessage::TickPrice(tick)) = good.next().await else { continue };
                if tick.kind == TickKind::Bid {
                    bids += 1;
                    if tick.price == Some(9999.into()) {
                        return bids;
                    }
                }
            }
        });
        Self { sim, good, before_mib: memory_mib() }
    }

    /// Shows quotes while hostile clients do what they do; everything must arrive.
    async fn close(self, what: &str) {
        for quote in 0..QUOTES {
            self.sim.quote("IBM", 10 + quote % 2, 20_000).unwrap();
            if quote % 100 == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let waiting = self.sim.waiting();
            assert!(waiting.len() <= 96 && waiting.iter().all(|count| *count <= 16_384), "{what}: {waiting:?}");
        }
        self.sim.quote("IBM", 9999, 20_000).unwrap();
        let bids = tokio::time::timeout(peer::PATIENCE, self.good).await.expect(what).unwrap();
        assert_eq!(bids, QUOTES + 2, "{what}");
        let grown = memory_mib().saturating_sub(self.before_mib);
        assert!(grown < GROWTH_MIB_MAX, "{what} took {grown} MiB");
        self.sim.shutdown().await;
    }
}

async fn is_closed(stream: &mut DuplexStream) -> bool {
    let mut bytes = [0; 4096];
    loop {
        match tokio::time::timeout(Duration::from_secs(120), stream.read(&mut bytes)).await {
            Ok(Ok(0) | Err(_)) => return true,
            Ok(Ok(_)) => {}
            Err(_) => return false,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn clients_that_do_not_read() {
    let house = House::open().await;
    let mut slow = Vec::new();
    for client in 2..32 {
        let mut peer = Peer::start(house.sim.connect(), client).await;
        peer.watch_ibm().await;
        slow.push(peer);
    }
    // More than the queues and pipes of all of them hold: they are dropped, one by one.
    let mut shown = 0;
    while house.sim.clients() > 1 {
        for quote in 0..1000 {
            house.sim.quote("IBM", 30 + quote % 2, 20_000).unwrap();
        }
        shown += 1000;
        assert!(shown < 1_000_000, "the slow clients are never dropped");
        // The good one is not held up: in its time it takes them all.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let grown = memory_mib().saturating_sub(house.before_mib);
    assert!(grown < 30 * GROWTH_MIB_MAX, "{grown} MiB");
    for mut peer in slow {
        assert!(is_closed(&mut peer.stream).await);
    }
    house.sim.quote("IBM", 9999, 20_000).unwrap();
    assert_eq!(house.good.await.unwrap(), shown + 2);
}

#[tokio::test(start_paused = true)]
async fn clients_that_send_garbage() {
    let house = House::open().await;
    for greeting in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], b"API\0\xFF\xFF\xFF\xFF", b"\x16\x03\x01\x02\x00", &[b'A'; 100_000]]
    {
        let mut stream = house.sim.connect();
        let (mut reader, mut writer) = tokio::io::split(&mut stream);
        let _ = tokio::join!(writer.write_all(greeting), async { while reader.read_u8().await.is_ok() {} });
    }
    for version in [176, 201, 226].map(ServerVersion) {
        let mut peer = Peer::start_at(house.sim.connect(), 2, version).await;
        // Whole frames of nonsense are answered; the link stays.
        for number in 0..5000_u32 {
            let mut frame = 8_u32.to_be_bytes().to_vec();
            frame.extend(u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
            peer.stream.write_all(&frame).await.unwrap();
            if number % 50 == 0 {
                assert!(peer.is_alive().await);
            }
        }
        // What announces too much is closed.
        peer.stream.write_all(&[0xFF; 64]).await.unwrap();
        assert!(is_closed(&mut peer.stream).await);
    }
    house.close("garbage").await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_a_byte_a_minute() {
    let house = House::open().await;
    let mut early = house.sim.connect();
    early.write_all(b"API\0").await.unwrap();
    let mut late = Peer::start(house.sim.connect(), 2).await;
    let frame = [&1_000_000_u32.to_be_bytes()[..], &[b'x'; 120]].concat();
    for byte in frame {
        late.stream.write_all(&[byte]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    // Whoever does not finish its greeting in ten seconds is gone; within a frame it may take its time.
    assert!(is_closed(&mut early).await);
    assert_eq!(house.sim.clients(), 2);
    house.close("a byte a minute").await;
}

#[tokio::test(start_paused = true)]
async fn clients_that_send_frames_of_16_mib() {
    let house = House::open().await;
    for _ in 0..50 {
        let mut peer = Peer::start(house.sim.connect(), 2).await;
        let _ = peer.stream.write_all(&(16_u32 << 20).to_be_bytes()).await;
        let _ = peer.stream.write_all(&[0; 4096]).await;
        assert!(is_closed(&mut peer.stream).await);
    }
    // The longest frame that is allowed is read whole, and answered.
    let mut peer = Peer::start(house.sim.connect(), 2).await;
    let length = 1_u32 << 20;
    peer.stream.write_all(&length.to_be_bytes()).await.unwrap();
    peer.stream.write_all(&vec![b'x'; length as usize]).await.unwrap();
    assert!(peer.is_alive().await);
    house.close("frames of 16 MiB").await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_connections() {
    let house = House::open().await;
    let mut crowd = Vec::new();
    for number in 0..10_000 {
        crowd.push(house.sim.connect());
        if number % 1000 == 999 {
            // Whoever behaves is let in all the same.
            let mut peer = Peer::start(house.sim.connect(), 2).await;
            assert!(peer.is_alive().await);
            drop(peer);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(house.sim.waiting().len() <= 1 + 64, "{}", house.sim.waiting().len());
    assert_eq!(house.sim.counters().connections, 10_011);
    // Those that shook hands and never start are strangers, too.
    drop(crowd);
    let mut crowd = Vec::new();
    for _ in 0..500 {
        crowd.push(Peer::shake(house.sim.connect(), ServerVersion::NEWEST).await);
    }
    assert!(house.sim.waiting().len() <= 1 + 64, "{}", house.sim.waiting().len());
    house.close("ten thousand connections").await;
}
