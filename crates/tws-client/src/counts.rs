//! [`Counts`]: what a session has counted since it began, and what it holds now.

use std::collections::BTreeMap;

use tws_proto::BadFrame;
use tws_proto::connection::Counters;

/// What a session has counted since it began, over all its connections, and what it holds at this moment; made by
/// [`Client::counts`](crate::Client::counts). Meant for a graph and for a person who asks why something is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// TCP connections that came about.
    pub epochs: u64,
    /// Frames that came in behind the handshake, bad ones included.
    pub frames_in: u64,
    /// Messages that were written behind the handshake.
    pub frames_out: u64,
    /// Frames that could not be read, by what they were and what was wrong with them.
    pub bad_frames: BTreeMap<BadFrameKind, u64>,
    /// Fields behind the last known one of a message, which a newer TWS may send; they are ignored.
    pub trailing_fields: u64,
    /// Messages that were read and concern nobody: of a request or stream that is over, or that never was.
    pub stray_messages: u64,
    /// Updates of streams that gave way to newer ones, because nobody read them in time.
    pub conflated: u64,
    /// Requests under way: asked, waiting for their turn, or given up and holding their turn until a late end marker.
    pub requests: usize,
    /// Callers that wait for an answer.
    pub waiters: usize,
    /// Streams that are wanted.
    pub subscriptions: usize,
    /// Streams of these that are asked for in this epoch.
    pub subscriptions_live: usize,
    /// Messages that wait for their turn to be written, orders and cancels included.
    pub frames_waiting: usize,
    /// Order events that wait to be read.
    pub lane_events: usize,
}

/// What a bad frame was, and what was wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BadFrameKind {
    /// Wire name of the message, or `frame` where not even that could be read.
    pub message: &'static str,
    /// Name of the fault, as [`tws_proto::Fault::name`] gives it.
    pub fault: &'static str,
}

impl BadFrameKind {
    pub(crate) fn of(bad: &BadFrame) -> Self {
        Self { message: bad.message, fault: bad.fault.name() }
    }
}

impl Counts {
    /// Frames that could not be read, of all kinds together.
    #[must_use]
    pub fn bad_frames_total(&self) -> u64 {
        self.bad_frames.values().sum()
    }

    /// Adds what a connection counted.
    pub(crate) fn add(&mut self, connection: Counters) {
        self.frames_in += connection.frames_in;
        self.frames_out += connection.frames_out;
        self.trailing_fields += connection.trailing_fields;
    }

    /// Counts a frame that could not be read; how often this kind has been seen by now.
    pub(crate) fn bad_frame(&mut self, bad: &BadFrame) -> u64 {
        let seen = self.bad_frames.entry(BadFrameKind::of(bad)).or_default();
        *seen += 1;
        *seen
    }
}
