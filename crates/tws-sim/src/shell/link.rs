//! [`LinkFaults`]: what becomes of the bytes of one connection on their way to the client. No socket, no clock: the same
//! for TCP and for pipes.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::Instant;

use crate::faults::{Fault, Switch};

/// What stands against a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Nothing is read or written.
    pub(crate) half_open: bool,
    /// Nothing is written.
    pub(crate) stall: bool,
    /// The client hears nothing, from the first byte on.
    pub(crate) silent: bool,
    /// How late bytes arrive.
    pub(crate) delay: Duration,
    /// In pieces of how many bytes they arrive.
    pub(crate) chunk: Option<usize>,
    /// The pause between two pieces.
    pub(crate) pause: Duration,
}

impl Standing {
    fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

/// What may be written now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// So many bytes.
    Bytes(usize),
    /// Nothing before this moment.
    At(Instant),
    /// Nothing until something changes.
    Nothing,
}

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    /// The fault that cuts.
    switch: Switch,
    frames_left: i64,
    /// How much of the next frame still comes.
    bytes: usize,
}

/// What becomes of the bytes of one connection on their way to the client.
#[derive(Debug, Default)]
pub(crate) struct LinkFaults {
    standing: Standing,
    cut: Option<Cut>,
    /// Bytes in the output that may not leave before a moment, in order.
    delayed: VecDeque<(Instant, usize)>,
    /// No piece leaves before this moment.
    next_piece: Option<Instant>,
}

impl LinkFaults {
    /// From now on this stands against the link.
    pub(crate) fn stand(&mut self, standing: Standing) {
        self.standing = standing;
        if standing.delay.is_zero() {
            self.delayed.clear();
        }
        if standing.chunk.is_none() {
            self.next_piece = None;
        }
    }

    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Arms a cut; false where the fault is none.
    pub(crate) fn arm(&mut self, fault: &Fault) -> bool {
        let switch = fault.switch;
        self.cut = Some(match switch {
            Switch::DropAfterFrames => Cut { switch, frames_left: fault.number_or(1).max(0), bytes: 0 },
            Switch::DropMidFrame => {
                let bytes = fault.bytes.map_or(6, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
                Cut { switch, frames_left: fault.number_or(0), bytes }
            }
            _ => return false,
        });
        true
    }

    /// A fault is over before it has cut.
    pub(crate) fn disarm(&mut self, switch: Switch) {
        self.cut.take_if(|cut| cut.switch == switch);
    }

    /// Whether the link cuts between frames, so that each has to be looked at.
    pub(crate) const fn counts_frames(&self) -> bool {
        self.cut.is_some()
    }

    /// A frame was put behind what `output` held up to `start`. True where nothing may follow it: what may not leave is
    /// gone from the output.
    pub(crate) fn frame(&mut self, output: &mut BytesMut, start: usize) -> bool {
        let Some(cut) = &mut self.cut else { return false };
        if cut.frames_left > 0 {
            cut.frames_left -= 1;
            return cut.frames_left == 0 && cut.bytes == 0;
        }
        output.truncate(output.len().min(start.saturating_add(cut.bytes)));
        true
    }

    /// So many bytes were put into the output.
    pub(crate) fn put(&mut self, bytes: usize, now: Instant) {
        if !self.standing.delay.is_zero() && bytes > 0 {
            self.delayed.push_back((now + self.standing.delay, bytes));
        }
    }

    /// What may be written of `waiting` bytes.
    pub(crate) fn allowed(&self, waiting: usize, now: Instant) -> Allowed {
        if self.standing.is_clear() {
            return Allowed::Bytes(waiting);
        }
        if self.standing.stall || self.standing.half_open {
            return Allowed::Nothing;
        }
        let held: usize = self.delayed.iter().filter(|(due, _)| *due > now).map(|(_, bytes)| bytes).sum();
        let free = waiting.saturating_sub(held);
        match (free, self.delayed.iter().find(|(due, _)| *due > now), self.next_piece) {
            (0, Some((due, _)), _) => Allowed::At(*due),
            (_, _, Some(next)) if next > now => Allowed::At(next),
            _ => Allowed::Bytes(self.standing.chunk.map_or(free, |chunk| free.min(chunk.max(1)))),
        }
    }

    /// So many bytes were written.
    pub(crate) fn written(&mut self, mut bytes: usize, now: Instant) {
        if bytes == 0 {
            return; // the wait is over, and nothing went out yet
        }
        if self.standing.chunk.is_some() && !self.standing.pause.is_zero() {
            self.next_piece = Some(now + self.standing.pause);
        }
        while let Some((_, first)) = self.delayed.front_mut() {
            let gone = bytes.min(*first);
            *first -= gone;
            bytes -= gone;
            if *first > 0 {
                break;
            }
            self.delayed.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_cut_between_and_inside_frames() {
        for (fault, expected) in [
            (Fault::new(Switch::DropAfterFrames).number(2), "aaaabbbb"),
            (Fault::new(Switch::DropMidFrame).number(1).bytes(3), "aaaabbb"),
            (Fault::new(Switch::DropMidFrame).bytes(1), "a"),
        ] {
            let (mut link, mut output) = (LinkFaults::default(), BytesMut::new());
            assert!(link.arm(&fault));
            for frame in ["aaaa", "bbbb", "cccc"] {
                let start = output.len();
                output.extend_from_slice(frame.as_bytes());
                if link.frame(&mut output, start) {
                    break;
                }
            }
            assert_eq!(output, expected, "{fault:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_come_late_and_in_pieces() {
        let (mut link, start) = (LinkFaults::default(), Instant::now());
        let ms = |ms| start + Duration::from_millis(ms);
        assert_eq!(link.allowed(10, start), Allowed::Bytes(10));
        link.stand(Standing { delay: Duration::from_millis(50), ..Standing::default() });
        link.put(4, ms(0));
        link.put(6, ms(20));
        assert_eq!(link.allowed(10, ms(49)), Allowed::At(ms(50)));
        assert_eq!(link.allowed(10, ms(50)), Allowed::Bytes(4));
        link.written(4, ms(50));
        assert_eq!(link.allowed(6, ms(60)), Allowed::At(ms(70)));
        assert_eq!(link.allowed(6, ms(70)), Allowed::Bytes(6));
        let pause = Duration::from_millis(5);
        link.stand(Standing { chunk: Some(2), pause, ..Standing::default() });
        assert_eq!(link.allowed(6, ms(70)), Allowed::Bytes(2));
        link.written(2, ms(70));
        assert_eq!(link.allowed(4, ms(71)), Allowed::At(ms(75)));
        link.stand(Standing { stall: true, ..Standing::default() });
        assert_eq!(link.allowed(4, ms(80)), Allowed::Nothing);
    }
}
