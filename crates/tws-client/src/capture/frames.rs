//! [`Frames`]: bytes of one direction, cut into what belongs together.

use bytes::BytesMut;
use tws_proto::FRAME_BYTES_MAX;

/// What a client says before its first frame.
const BANNER: &[u8] = b"API\0";

/// Puts the bytes of one direction together to frames, each with its length, the first of a client with its banner.
#[derive(Debug)]
pub(super) struct Frames {
    waiting: BytesMut,
    /// Bytes in front of the next frame that belong to it.
    banner: usize,
    /// The stream cannot be cut any more: bytes are given on as they come.
    is_out_of_step: bool,
}

impl Frames {
    pub(super) fn of_client() -> Self {
        Self { waiting: BytesMut::new(), banner: BANNER.len(), is_out_of_step: false }
    }

    pub(super) fn of_server() -> Self {
        Self { banner: 0, ..Self::of_client() }
    }

    /// Takes bytes and gives every frame that is whole.
    pub(super) fn feed(&mut self, bytes: &[u8], mut whole: impl FnMut(&[u8])) {
        self.waiting.extend_from_slice(bytes);
        while !self.is_out_of_step {
            let Some((length, _)) = self.waiting.get(self.banner..).and_then(<[u8]>::split_first_chunk) else { return };
            let length = u32::from_be_bytes(*length) as usize;
            if length > FRAME_BYTES_MAX {
                self.is_out_of_step = true;
                break;
            }
            let end = self.banner + 4 + length;
            if self.waiting.len() < end {
                return;
            }
            whole(&self.waiting.split_to(end));
            self.banner = 0;
        }
        self.finish(whole);
    }

    /// Gives what is left, where there is anything.
    pub(super) fn finish(&mut self, mut rest: impl FnMut(&[u8])) {
        let left = self.waiting.split();
        if !left.is_empty() {
            rest(&left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mut frames: Frames, bytes: &[u8], expected: &[&[u8]]) {
        for step in [1, 3, bytes.len()] {
            let mut cut: Vec<Vec<u8>> = Vec::new();
            let mut fresh = Frames { waiting: BytesMut::new(), ..frames };
            for chunk in bytes.chunks(step) {
                fresh.feed(chunk, |frame| cut.push(frame.to_vec()));
            }
            fresh.finish(|rest| cut.push(rest.to_vec()));
            assert_eq!(cut.concat(), bytes);
            if step == bytes.len() {
                assert_eq!(cut, expected);
            }
            frames = Frames { waiting: BytesMut::new(), is_out_of_step: false, ..frames };
        }
    }

    #[test]
    fn frames_are_cut_however_they_come() {
        check(Frames::of_client(), b"API\0\0\0\0\x02v1\0\0\0\x01x", &[b"API\0\0\0\0\x02v1", b"\0\0\0\x01x"]);
        check(
            Frames::of_server(),
            b"\0\0\0\x02ab\0\0\0\0\0\0\0\x05ab",
            &[b"\0\0\0\x02ab", b"\0\0\0\0", b"\0\0\0\x05ab"],
        );
        check(Frames::of_server(), b"\0\0\0\x01a\xff\xff\xff\xffjunk", &[b"\0\0\0\x01a", b"\xff\xff\xff\xffjunk"]);
    }
}
