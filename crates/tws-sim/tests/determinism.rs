//! The same seed and the same inputs give the same bytes.

mod desk;
mod peer;

use bytes::BytesMut;
use desk::{Desk, START};
use peer::Peer;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tws_proto::ids::RequestId;
use tws_proto::message::{Message, RequestAccountSummary, RequestMarketData, RequestPositions};
use tws_proto::{Contract, Missing, ServerVersion};
use tws_sim::core::{CoreSetup, Output};
use tws_sim::{Fault, Switch, TwsSim};

/// Faults with dice, so that the dice count, too.
const FAULTS: [&str; 9] = [
    "fault missing-status rate=0.2",
    "fault duplicate-status rate=0.3 number=3",
    "fault reorder rate=0.5 ms=40",
    "fault execution-first rate=0.5",
    "fault commission-late rate=0.3 ms=500",
    "fault missing-execution rate=0.1",
    "fault cancel-late rate=0.4 ms=200",
    "fault reject rate=0.05",
    "fault order-notice rate=0.2",
];

/// Everything that a busy session is told, as it goes over the wire.
fn session(seed: u64, version: ServerVersion) -> Vec<u8> {
    let mut desk = Desk::with(CoreSetup::new(seed, START));
    let mut bytes = BytesMut::new();
    let mut keep = |outputs: Vec<Output>| {
        for output in outputs {
            if let Output::Send { message, .. } = output {
                message.write(version, Missing::LeaveOut, &mut bytes).unwrap();
            }
        }
    };
    keep(desk.connect(1));
    for fault in FAULTS {
        keep(desk.run(fault));
    }
    for (id, symbol) in [(1, "IBM"), (2, "AAPL"), (3, "MSFT")] {
        let contract = Contract::stock(symbol, "USD");
        let generic_ticks = "233".into();
        let request = RequestMarketData { request_id: RequestId(id), contract, generic_ticks, ..Default::default() };
        keep(desk.say(Box::new(request)));
    }
    keep(desk.say(RequestPositions {}));
    let tags = "NetLiquidation,UnrealizedPnL".into();
    keep(desk.say(RequestAccountSummary { request_id: RequestId(4), group: "All".into(), tags }));
    for (order, round) in (1..).zip(0..200) {
        let side = if round % 3 == 0 { "sell" } else { "buy" };
        let kind = ["MKT", "LMT 180", "LMT 181.5 tif=IOC", "STP 185"][round % 4];
        keep(desk.run(&format!("{side} {order} {} {kind}", 10 + round % 7)));
        if round % 5 == 4 {
            keep(desk.run(&format!("cancel {order}")));
        }
        keep(desk.run("wait 333"));
        match round {
            50 => keep(desk.run("fault upstream-lost")),
            60 => keep(desk.run("fault upstream-restored")),
            90 => keep(desk.run("fault correction")),
            100 => keep(desk.run("open")),
            110 => keep(desk.run("executions")),
            150 => keep(desk.run("completed")),
            _ => {}
        }
    }
    bytes.to_vec()
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_both_forms() {
    for version in [176, 200, 201, 206, 226].map(ServerVersion) {
        let bytes = session(7, version);
        assert!(bytes.len() > 50_000, "{}", bytes.len());
        assert_eq!(Sha256::digest(&bytes), Sha256::digest(session(7, version)), "{version}");
        assert_ne!(Sha256::digest(&bytes), Sha256::digest(session(8, version)), "{version}");
    }
}

/// The same through the whole shell: the bytes that come out of a pipe.
async fn through_the_shell(seed: u64) -> Vec<u8> {
    let sim = TwsSim::builder()
        .in_memory()
        .seed(seed)
        .start_time(START)
        .fault(Fault::new(Switch::Chunk).bytes(7))
        .fault(Fault::new(Switch::MissingStatus).rate(0.5))
        .start()
        .await
        .unwrap();
    let mut peer = Peer::start(sim.connect(), 1).await;
    peer.watch_ibm().await;
    let mut bytes = Vec::new();
    while bytes.len() < 20_000 {
        peer.stream.read_buf(&mut bytes).await.unwrap();
    }
    bytes.truncate(20_000);
    sim.shutdown().await;
    bytes
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_bytes_through_the_shell() {
    let bytes = through_the_shell(7).await;
    assert_eq!(Sha256::digest(&bytes), Sha256::digest(through_the_shell(7).await));
    assert_ne!(Sha256::digest(&bytes), Sha256::digest(through_the_shell(8).await));
}
