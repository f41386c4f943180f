//! A capture holds all that was said, and a replay of it gives a session the same answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rust_decimal::Decimal;
use tws_client::capture::{Capture, CaptureFile, Recorded, Replay, ReplayPace};
use tws_client::{Client, Config, Connector, Phase, Tick, TradingClient, Update};
use tws_proto::ServerVersion;
use tws_proto::kinds::TickKind;
use tws_proto::message::{ContractData, Position};
use tws_sim::TwsSim;

use crate::world::{Pipes, SECOND, still, stock};

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tws-client-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("capture.hex")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a program learns in a session.
#[derive(Debug, PartialEq)]
struct Learnt {
    apple: Vec<ContractData>,
    positions: Vec<Position>,
    bids: Vec<Decimal>,
}

/// A program: it asks for a contract and positions, and looks at two bids, shown by `next`.
async fn program<C: Connector>(connector: C, version: i32, next: impl Fn(i64)) -> Learnt {
    let config = Config { newest_version: ServerVersion(version), ..Config::paper() };
    let (client, driver) = TradingClient::connect_with(config, connector).unwrap();
    let running = tokio::spawn(driver.run());
    client.ready(60 * SECOND).await.unwrap();
    let apple = client.contract_details(&stock("AAPL")).await.unwrap();
    let positions = client.positions().await.unwrap();
    let mut quotes = client.market_data(&stock("AAPL"), &[]).unwrap();
    let mut bids = Vec::new();
    for price in [151, 152] {
        loop {
            match quotes.recv().await.unwrap() {
                Update::Data(Tick::Price(tick)) if tick.kind == TickKind::Bid => break bids.extend(tick.price),
                Update::Ended(error) => panic!("{error}"),
                _ => {}
            }
        }
        next(price);
    }
    client.shutdown().await;
    running.await.unwrap();
    Learnt { apple, positions, bids }
}

async fn simulator() -> Arc<TwsSim> {
    // Answers take time, or a replay at the recorded pace would give them before they are asked for.
    let sim = still().position("DU1234567", "IBM", 100, 90).latency(SECOND / 20);
    let sim = Arc::new(sim.start().await.unwrap());
    sim.quote("AAPL", 150, 160).unwrap();
    sim
}

/// Captures the program; what it learnt, what was recorded, and the text.
async fn captured(version: i32, file: CaptureFile) -> (Learnt, Recorded) {
    let sim = simulator().await;
    let (capture, recording) = Capture::new(Pipes(Arc::clone(&sim)), file).unwrap();
    let learnt = program(capture, version, |price| sim.quote("AAPL", price, 160).unwrap()).await;
    (learnt, recording.finish().unwrap())
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_replay_gives_the_same_answers() {
    let folder = Folder::new("replay");
    for version in [187, 226] {
        let (learnt, recorded) = captured(version, CaptureFile::new(folder.file())).await;
        assert_eq!(learnt.bids, [Decimal::from(150), Decimal::from(151)]);
        let text = text(&folder.file());
        assert!(text.starts_with("# capture of TWS sessions; account numbers"));
        let frames = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((frames as u64, 0), (recorded.frames, recorded.left_out));
        for pace in [ReplayPace::InStep, ReplayPace::Recorded] {
            let replay = Replay::parse(&text, pace).unwrap();
            assert_eq!((replay.connections(), replay.left_out()), (1, 0));
            assert_eq!(program(replay, version, |_| {}).await, learnt, "{pace:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_ends_as_its_connections_did_and_begins_no_other() {
    let folder = Folder::new("connections");
    let sim = simulator().await;
    let (capture, recording) = Capture::new(Pipes(Arc::clone(&sim)), CaptureFile::new(folder.file())).unwrap();
    let (client, driver) = Client::connect_with(Config::paper(), capture).unwrap();
    let running = tokio::spawn(driver.run());
    client.ready(60 * SECOND).await.unwrap();
    sim.drop_connections();
    let mut states = client.state();
    states.wait_for(|state| state.epoch.0 == 2 && state.is_ready()).await.unwrap();
    client.shutdown().await;
    running.await.unwrap();
    recording.finish().unwrap();
    let replay = Replay::parse(&text(&folder.file()), ReplayPace::InStep).unwrap();
    assert_eq!(replay.connections(), 2);
    let (client, driver) = Client::connect_with(Config::paper(), replay).unwrap();
    tokio::spawn(driver.run());
    let mut states = client.state();
    states.wait_for(|state| state.epoch.0 == 2 && state.is_ready()).await.unwrap();
    states.wait_for(|state| state.phase == Phase::Disconnected && state.attempts > 2).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn files_stay_within_their_size_and_number() {
    let folder = Folder::new("rotation");
    // What is there already is not lost at once.
    fs::write(folder.file(), "older\n").unwrap();
    let file = CaptureFile { bytes_most: 20_000, files: 3, ..CaptureFile::new(folder.file()) };
    let (_, recorded) = captured(226, file.clone()).await;
    assert!(recorded.frames > 20 && recorded.left_out == 0);
    let name = |number: u32| match number {
        0 => folder.file(),
        number => folder.0.join(format!("capture.hex.{number}")),
    };
    let mut kept: Vec<String> = (0..3).rev().map(name).filter(|path| path.exists()).map(|path| text(&path)).collect();
    assert!(kept.iter().all(|text| text.len() <= 20_000));
    assert!(!name(3).exists() && kept.len() > 1);
    // Together they are one capture; lines were never cut.
    if kept[0] == "older\n" {
        kept.remove(0);
    }
    let frames = kept.concat().lines().filter(|line| !line.starts_with('#')).count();
    assert!(frames as u64 <= recorded.frames && frames > 0);
    let replay = Replay::parse(&kept.concat(), ReplayPace::InStep).unwrap();
    assert!(replay.connections() + usize::from(replay.left_out() > 0) == 1);
}

#[test]
fn what_is_no_capture_is_refused() {
    let check = |text: &str, expected: &str| {
        assert_eq!(Replay::parse(text, ReplayPace::InStep).unwrap_err().to_string(), expected);
    };
    check("# fine\n\nnonsense", "line 3 of the capture is not a time, a direction and a frame");
    check("today > 00", "line 1 of the capture begins with no time");
    check("2026-11-26T21:22:29Z = 00", "line 1 of the capture has no direction");
    check("2026-11-26T21:22:29Z > 0g", "line 1 of the capture has a frame that is not in hexadecimal digits");
    check("2026-11-26T21:22:29Z > 000", "line 1 of the capture has a frame that is not in hexadecimal digits");
}
