//! The link to a client, over pipes and in paused time: every fault of bytes and connections.

mod peer;

use std::time::Duration;

use peer::{NotLetIn, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tws_proto::message::RequestCurrentTime;
use tws_proto::{Event, ServerMessage, ServerVersion};
use tws_sim::faults::{Lasting, Place};
use tws_sim::{Fault, Pace, Switch, TwsSim};

async fn sim() -> TwsSim {
    TwsSim::builder().in_memory().still_markets().start().await.unwrap()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test(start_paused = true)]
async fn a_test_takes_three_lines() {
    let sim = TwsSim::builder().in_memory().start().await.unwrap();
    let mut client = Peer::start(sim.connect(), 1).await;
    assert!(client.is_alive().await);
}

#[tokio::test(start_paused = true)]
async fn connections_are_closed_silent_slow_or_no_tws() {
    let sim = sim().await;
    let shake = || Peer::shake(sim.connect(), ServerVersion::NEWEST);
    sim.inject(Fault::new(Switch::AcceptThenClose).count(2)).unwrap();
    for _ in 0..2 {
        assert!(matches!(shake().await, Err(NotLetIn::Closed)));
    }
    assert!(shake().await.is_ok());

    sim.inject(Switch::AcceptSilent).unwrap();
    let mut silent = tokio::spawn(Peer::shake(sim.connect(), ServerVersion::NEWEST));
    assert!(tokio::time::timeout(seconds(3600), &mut silent).await.is_err());
    sim.clear(Switch::AcceptSilent);
    assert!(silent.await.unwrap().is_ok());

    sim.inject(Fault::new(Switch::HandshakeDelay).ms(7000)).unwrap();
    let begun = Instant::now();
    assert!(shake().await.is_ok());
    assert!(begun.elapsed() >= seconds(7));
    sim.clear_faults();

    for junk in ["http", "tls", "random"] {
        sim.inject(Fault::new(Switch::HandshakeJunk).text(junk).count(1)).unwrap();
        assert!(matches!(shake().await, Err(NotLetIn::Handshake(_))), "{junk}");
    }
    sim.inject(Fault::new(Switch::VersionAnswer).number(150).count(1)).unwrap();
    assert!(matches!(shake().await, Err(NotLetIn::Handshake(_))));
    sim.inject(Fault::new(Switch::FrameBeforeVersion).count(1)).unwrap();
    let mut raw = sim.connect();
    raw.write_all(b"API\0\0\0\0\x09v100..226").await.unwrap();
    let mut answer = [0; 256];
    let count = raw.read(&mut answer).await.unwrap();
    assert_eq!(&answer[4..8], b"4\x002\0");
    assert!(answer[..count].windows(4).any(|window| window == b"226\0"));
    sim.inject(Switch::Refuse).unwrap();
    assert!(matches!(shake().await, Err(NotLetIn::Closed)));
    sim.clear(Switch::Refuse);
    assert!(shake().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn bytes_come_one_by_one_and_late() {
    let sim = sim().await;
    let mut client = Peer::start(sim.connect(), 1).await;
    sim.inject(Fault::new(Switch::Chunk).ms(10)).unwrap();
    client.say(RequestCurrentTime {}).await;
    let begun = Instant::now();
    let mut pieces = 0;
    while !matches!(client.connection.poll_event(), Ok(Some(Event::Message(ServerMessage::CurrentTime(_))))) {
        assert_eq!(client.stream.read_buf(client.connection.input()).await.unwrap(), 1);
        pieces += 1;
    }
    assert!(pieces > 10 && begun.elapsed() >= Duration::from_millis(10 * (pieces - 1)));
    sim.clear(Switch::Chunk);
    sim.inject(Fault::new(Switch::LinkDelay).ms(1500)).unwrap();
    let begun = Instant::now();
    assert!(client.is_alive().await);
    assert!((1500..1600).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_half_open_link_looks_connected() {
    let sim = sim().await;
    let mut client = Peer::start(sim.connect(), 1).await;
    let mut other = Peer::start(sim.connect(), 2).await;
    for switch in [Switch::HalfOpen, Switch::Stall] {
        sim.inject(Fault::new(switch).client(1)).unwrap();
        client.say(RequestCurrentTime {}).await;
        let heard = tokio::time::timeout(seconds(600), client.stream.read_u8()).await;
        assert!(heard.is_err(), "{switch}");
        assert!(other.is_alive().await);
        sim.clear(switch);
        assert!(client.is_alive().await);
    }
    sim.inject(Fault::new(Switch::Stall).client(1).for_ms(30_000)).unwrap();
    let begun = Instant::now();
    assert!(client.is_alive().await);
    assert!((30..32).contains(&begun.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn links_are_cut_now_later_and_inside_a_frame() {
    let sim = sim().await;
    let mut client = Peer::start(sim.connect(), 1).await;
    let mut other = Peer::start(sim.connect(), 2).await;
    sim.inject(Fault::new(Switch::Drop).client(1)).unwrap();
    client.is_closed().await;
    let mut client = Peer::start(sim.connect(), 1).await;
    sim.inject(Fault::new(Switch::DropAfterFrames).number(3).client(1)).unwrap();
    for alive in [true, true, true, false] {
        assert_eq!(client.is_alive().await, alive);
    }
    sim.clear_faults();
    let mut client = Peer::start(sim.connect(), 1).await;
    sim.inject(Fault::new(Switch::DropMidFrame).number(1).bytes(5).client(1)).unwrap();
    assert!(client.is_alive().await);
    assert!(!client.is_alive().await);
    assert_eq!(client.connection.input().len(), 5);
    sim.clear_faults();
    // The next connection is cut while it starts.
    sim.inject(Fault::new(Switch::DropAfterFrames).number(2)).unwrap();
    assert!(!other.is_alive().await || !other.is_alive().await || !other.is_alive().await);
    let mut client = Peer::shake(sim.connect(), ServerVersion::NEWEST).await.unwrap();
    client.say(tws_proto::message::StartApi::default()).await;
    let mut frames = 0;
    while client.event().await.is_some() {
        frames += 1;
    }
    assert_eq!(frames, 2);
    sim.clear_faults();
    let mut client = Peer::start(sim.connect(), 1).await;
    sim.inject(Fault::new(Switch::DropEvery).ms(2000)).unwrap();
    client.is_closed().await;
    let mut client = Peer::start(sim.connect(), 1).await;
    client.is_closed().await;
}

/// What is over does no harm any more, although it had begun to count.
#[tokio::test(start_paused = true)]
async fn a_cut_that_is_over_cuts_nothing() {
    let sim = sim().await;
    let mut client = Peer::start(sim.connect(), 1).await;
    for cut in [Fault::new(Switch::DropAfterFrames).number(3), Fault::new(Switch::DropMidFrame).number(3).bytes(1)] {
        // Cleared.
        sim.inject(cut.clone()).unwrap();
        assert!(client.is_alive().await && client.is_alive().await);
        sim.clear_faults();
        for _ in 0..5 {
            assert!(client.is_alive().await, "{cut:?}");
        }
        // Its time has passed.
        sim.inject(cut.clone().for_ms(1_000)).unwrap();
        assert!(client.is_alive().await && client.is_alive().await);
        tokio::time::sleep(Duration::from_secs(2)).await;
        for _ in 0..5 {
            assert!(client.is_alive().await, "{cut:?}");
        }
    }
    // One that strikes a number of connections has struck them.
    sim.inject(Fault::new(Switch::DropAfterFrames).number(20).count(1)).unwrap();
    let mut next = Peer::start(sim.connect(), 2).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut answers = 0;
    while next.is_alive().await {
        answers += 1;
    }
    assert!((1..20).contains(&answers), "{answers}");
}

#[tokio::test(start_paused = true)]
async fn bad_bytes_hurt_only_whom_they_are_meant_for() {
    let bytes = Switch::ALL.iter().filter(|entry| entry.place == Place::Link && entry.lasting == Lasting::Once);
    let bytes: Vec<Switch> =
        bytes.map(|entry| entry.switch).filter(|switch| !matches!(switch, Switch::Drop | Switch::OutputLoss)).collect();
    assert!(bytes.len() > 20);
    for version in [176, 194, 201, 226].map(ServerVersion) {
        let sim = sim().await;
        let mut good = Peer::start_at(sim.connect(), 2, version).await;
        for switch in &bytes {
            let mut client = Peer::start_at(sim.connect(), 1, version).await;
            let text = matches!(switch, Switch::Raw).then(|| "FF FF FF FF".to_owned());
            sim.inject(Fault { text, ..Fault::new(*switch).client(1) }).unwrap();
            let survives = client.is_alive().await;
            // What announces a frame that is too long, or never comes, ends the connection at the latest then.
            let ends = matches!(
                switch,
                Switch::Raw | Switch::BadLengthHuge | Switch::BadLengthNegative | Switch::BadLengthLong
            );
            assert_eq!(survives, !ends, "{switch} at {version}");
            assert!(good.is_alive().await, "{switch} at {version}");
            drop(client);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_slow_reader_loses_its_older_half() {
    let sim = sim().await;
    sim.quote("IBM", 100, 101).unwrap();
    let mut client = Peer::start(sim.connect(), 1).await;
    client.watch_ibm().await;
    sim.inject(Fault::new(Switch::Stall).client(1)).unwrap();
    sim.inject(Fault::new(Switch::OutputLimit).client(1).number(100)).unwrap();
    let quotes = 20_000;
    for quote in 1..=quotes {
        sim.quote("IBM", 100 + quote % 50, 200).unwrap();
        if quote % 500 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await; // what fits goes into the buffer of the client's task
        }
    }
    assert!(sim.waiting().iter().all(|waiting| *waiting <= 101), "{:?}", sim.waiting());
    sim.clear_faults();
    client.say(RequestCurrentTime {}).await;
    let heard = client.until(|message| matches!(message, ServerMessage::CurrentTime(_))).await;
    let ticks = heard.iter().filter(|message| matches!(message, ServerMessage::TickPrice(_))).count();
    assert!(ticks > 100 && ticks < usize::try_from(quotes).unwrap(), "{ticks}");
    // On demand, what the core holds back loses its older half, too.
    sim.inject(Fault::new(Switch::StatusLate).ms(1000)).unwrap();
    sim.inject(Switch::OutputLoss).unwrap();
    assert!(client.is_alive().await);
}

#[tokio::test(start_paused = true)]
async fn a_restart_keeps_everybody_out_for_its_time() {
    let sim = sim().await;
    let mut client = Peer::start(sim.connect(), 1).await;
    sim.inject(Fault::new(Switch::Restart).ms(60_000)).unwrap();
    client.is_closed().await;
    assert!(matches!(Peer::shake(sim.connect(), ServerVersion::NEWEST).await, Err(NotLetIn::Closed)));
    tokio::time::sleep(seconds(60)).await;
    assert!(Peer::start(sim.connect(), 1).await.is_alive().await);
}

#[tokio::test]
async fn whoever_connects_by_tcp_can_be_refused() {
    let sim = TwsSim::builder().still_markets().fault(Switch::Refuse).start().await.unwrap();
    let refused = async {
        while tokio::net::TcpStream::connect(sim.address()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(peer::PATIENCE, refused).await.unwrap();
    sim.clear_faults();
    let stream = async {
        loop {
            if let Ok(stream) = tokio::net::TcpStream::connect(sim.address()).await {
                return stream;
            }
            tokio::task::yield_now().await;
        }
    };
    let stream = tokio::time::timeout(peer::PATIENCE, stream).await.unwrap();
    assert!(Peer::start(stream, 1).await.is_alive().await);
}

#[tokio::test(start_paused = true)]
async fn time_is_moved_by_hand() {
    let sim = TwsSim::builder().in_memory().still_markets().speed(Pace::Manual).start().await.unwrap();
    let start = sim.now();
    tokio::time::sleep(seconds(100)).await;
    assert_eq!(sim.now(), start);
    sim.inject(Fault::new(Switch::DropEvery).ms(5000)).unwrap();
    let mut client = Peer::start(sim.connect(), 1).await;
    sim.advance(seconds(4));
    assert!(client.is_alive().await);
    sim.advance(seconds(1));
    assert!(!client.is_alive().await);
    assert_eq!(sim.now().since_ms(start), 5000);
    sim.set_pace(Pace::Factor(60.0)).unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(sim.now().since_ms(start), 65_000);
    assert!(sim.set_pace(Pace::Factor(-1.0)).is_err());
}
