//! Two days with a cut every five minutes: nothing is left behind by any of them.

use std::fs;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;
use tws_client::{Config, RequestError};
use tws_sim::{Fault, Switch, TwsSim};

use crate::frames::PROTOBUF;
use crate::outage::{ask_everything, told};
use crate::support::SECOND;
use crate::world::{QUOTED, World, simulator, stock};

/// Simulated hours of the test.
const HOURS: usize = 48;
/// Cuts in an hour.
const CUTS: usize = 12;
/// What fills up in the first hours: queues and maps that have grown to their size.
const WARM_UP_HOURS: usize = 2;
/// What an hour may leave behind, in bytes, up or down: buffers and maps that are larger or smaller by chance.
const BYTES_AN_HOUR: i64 = 16 * 1024;
/// By how much the memory of the process may grow behind the warm-up, in bytes.
const RESIDENT_BYTES: i64 = 8 << 20;

/// How a connection is cut, one after the other.
async fn cut(world: &World, number: usize) {
    match number % 4 {
        0 => world.sim.drop_connections(),
        // Inside a frame of an answer.
        1 => {
            world.sim.inject(Fault::new(Switch::DropMidFrame).number(2)).unwrap();
            let waiters = ask_everything(&world.client);
            world.lost().await;
            world.sim.clear(Switch::DropMidFrame);
            told(waiters).await;
        }
        // Without a word, for longer than the link may be silent.
        2 => {
            world.sim.inject(Switch::HalfOpen).unwrap();
            world.lost().await;
            world.sim.clear(Switch::HalfOpen);
        }
        // With handshakes that end early, for half a minute.
        _ => {
            world.sim.inject(Switch::AcceptThenClose).unwrap();
            world.sim.drop_connections();
            tokio::time::sleep(30 * SECOND).await;
            world.sim.clear(Switch::AcceptThenClose);
        }
    }
}

/// Five minutes: requests, some of them given up, quotes, a stream dropped and asked for anew; then a cut in the middle of
/// more requests.
async fn five_minutes(world: &mut World, number: usize) {
    let end = Instant::now() + 300 * SECOND;
    let epoch = world.epoch();
    for _ in 0..2 {
        let answers = told(ask_everything(&world.client)).await;
        assert!(answers.iter().all(Result::is_ok), "before cut {number}: {answers:?}");
        let client = world.client.client().clone();
        let given_up = tokio::spawn(async move { client.contract_details(&stock("IBM")).await });
        tokio::task::yield_now().await;
        given_up.abort();
        world.alive_once().await;
    }
    world.renew_a_stream();
    let waiters = ask_everything(&world.client);
    cut(world, number).await;
    for answer in told(waiters).await {
        let fits = matches!(
            answer,
            Ok(()) | Err(RequestError::ConnectionReset | RequestError::TimedOut { .. } | RequestError::NotReady { .. })
        );
        assert!(fits, "cut {number}: {answer:?}");
    }
    world.ready_after(epoch).await;
    world.alive_once().await;
    world.changes();
    tokio::time::sleep_until(end).await;
    // What is read now was said in quiet minutes.
    world.drain(0);
    world.changes();
}

/// A TWS whose markets have as long a past as they keep, five days of minutes, so that it grows no more itself.
async fn old_simulator() -> Arc<TwsSim> {
    let sim = simulator().await;
    for minute in 0..7300 {
        for name in QUOTED {
            sim.quote(name, 50 + minute % 2, 60).unwrap();
        }
        sim.advance(60 * SECOND);
    }
    sim
}

/// Memory of the process, in bytes.
fn resident() -> i64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse::<i64>().unwrap();
    pages * 4096
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

#[test]
fn forty_eight_hours_with_a_cut_every_five_minutes_leave_nothing_behind() {
    let runtime = runtime();
    let began = std::time::Instant::now();
    let mut world = runtime.block_on(async { World::of(old_simulator().await, PROTOBUF, Config::paper()).await });
    let tasks = runtime.metrics().num_alive_tasks();
    let handles = Arc::strong_count(&world.sim);
    let mut hours = Vec::new();
    for hour in 0..HOURS {
        let counted = allocation_counter::measure(|| {
            runtime.block_on(async {
                for minute in 0..CUTS {
                    five_minutes(&mut world, hour * CUTS + minute).await;
                }
            });
        });
        let counts = world.client.counts();
        assert_eq!(
            (counts.waiters, counts.requests, counts.frames_waiting, counts.lane_events),
            (0, 0, 0, 0),
            "{counts:?}"
        );
        assert_eq!((counts.subscriptions, counts.subscriptions_live), (15, 15), "{counts:?}");
        assert_eq!(counts.bad_frames_total(), 0);
        assert_eq!(runtime.metrics().num_alive_tasks(), tasks, "a task is left behind after hour {hour}");
        assert_eq!(Arc::strong_count(&world.sim), handles);
        hours.push((counted.bytes_current, resident()));
    }
    let epochs = world.epoch();
    assert!(epochs >= (HOURS * CUTS) as u64, "{epochs} epochs");
    let warm = &hours[WARM_UP_HOURS..];
    for (hour, (bytes, _)) in warm.iter().enumerate() {
        assert!(
            bytes.abs() <= BYTES_AN_HOUR,
            "{bytes} bytes are left behind by hour {}: {hours:?}",
            hour + WARM_UP_HOURS
        );
    }
    let kept: i64 = warm.iter().map(|(bytes, _)| bytes).sum();
    assert!(kept.abs() <= 2 * BYTES_AN_HOUR, "{kept} bytes are left behind in all: {hours:?}");
    let grown = warm[warm.len() - 1].1 - warm[0].1;
    assert!(grown <= RESIDENT_BYTES, "the process has grown by {grown} bytes: {hours:?}");
    println!(
        "{HOURS} hours, {epochs} epochs, {} frames in, {kept} bytes kept, resident {:+} bytes, in {:?}",
        world.client.counts().frames_in,
        grown,
        began.elapsed()
    );
}
