//! Everything on the wire that has a grammar, in nom. Its types stay inside this module.

use nom::bytes::complete::{tag, take_till, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map_res, opt, rest};
use nom::multi::length_data;
use nom::number::streaming::be_u32;
use nom::sequence::{preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use crate::tags::TagValue;

/// The longest payload a frame may announce (16 MiB - 1); a longer one means that the peer is not TWS or out of step.
pub const FRAME_BYTES_MAX: usize = 0xFF_FFFF;

/// What stands at the front of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A whole frame: its payload, and how many bytes it takes with its prefix.
    Whole {
        /// The bytes behind the length prefix.
        payload: &'a [u8],
        /// Length of prefix and payload together.
        taken: usize,
    },
    /// Not all of it has arrived.
    Partial,
    /// The announced length is more than any frame may have.
    TooLong(u32),
}

/// Splits the first frame off `buffer`. The length is bounded before anything is made of it.
#[inline]
pub(crate) fn frame(buffer: &[u8]) -> Frame<'_> {
    let announced: IResult<&[u8], u32> = be_u32(buffer);
    match announced {
        Ok((_, length)) if length as usize > FRAME_BYTES_MAX => return Frame::TooLong(length),
        Ok(_) => {}
        Err(_) => return Frame::Partial,
    }
    let whole: IResult<&[u8], &[u8]> = length_data(be_u32).parse(buffer);
    whole.map_or(Frame::Partial, |(after, payload)| Frame::Whole { payload, taken: buffer.len() - after.len() })
}

/// The digits at the front of `text`, taken off and appended to `number`. It wraps beyond 19 digits: the caller counts.
#[inline]
pub(crate) fn digits(text: &mut &[u8], mut number: u64) -> u64 {
    while let [byte, after @ ..] = *text {
        let digit = u64::from(*byte).wrapping_sub(u64::from(b'0'));
        if digit > 9 {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(digit);
        *text = after;
    }
    number
}

/// A whole number in its plainest spelling, of up to 18 digits, and what follows it.
#[inline]
pub(crate) fn integer(text: &[u8]) -> Option<(i64, &[u8])> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut after = unsigned;
    let magnitude = digits(&mut after, 0);
    if !matches!(unsigned.len() - after.len(), 1..=18) {
        return None;
    }
    let magnitude = magnitude as i64; // below 10^18
    Some((if negative { magnitude.wrapping_neg() } else { magnitude }, after))
}

/// The client's offer, `v100..226` with options behind a space: the lowest and highest version, and the options.
pub(crate) fn version_offer(payload: &[u8]) -> Option<(i32, i32, &[u8])> {
    let number = || map_res(map_res(digit1, std::str::from_utf8), str::parse::<i32>);
    let range = preceded(char('v'), (number(), opt(preceded(tag(".."), number()))));
    let offer: IResult<&[u8], _> = (range, opt(preceded(char(' '), rest))).parse(payload);
    let (left, ((lowest, highest), options)) = offer.ok()?;
    left.is_empty().then(|| (lowest, highest.unwrap_or(lowest), options.unwrap_or(b"")))
}

/// The server's answer: its version and its time, two fields and nothing else.
pub(crate) fn version_answer(payload: &[u8]) -> Option<(i32, &[u8])> {
    let number = map_res(map_res(digit1, std::str::from_utf8), str::parse::<i32>);
    let nul = || tag(&b"\0"[..]);
    let answer: IResult<&[u8], _> =
        (terminated(number, nul()), terminated(take_till(|byte| byte == 0), nul())).parse(payload);
    let (left, (version, time)) = answer.ok()?;
    left.is_empty().then_some((version, time))
}

/// `tag=value;tag=value;`. What has no `=` is a tag without a value; nothing is lost.
pub(crate) fn tag_list(text: &str) -> Vec<TagValue> {
    let pair = |text| -> IResult<&str, (&str, &str)> {
        separated_pair(take_till(|c| c == '=' || c == ';'), char('='), take_till(|c| c == ';')).parse(text)
    };
    text.split(';')
        .filter(|entry| !entry.is_empty())
        .map(|entry| match pair(entry) {
            Ok((_, (tag, value))) => TagValue { tag: tag.to_owned(), value: value.to_owned() },
            Err(_) => TagValue { tag: entry.to_owned(), value: String::new() },
        })
        .collect()
}

/// Undoes `\uXXXX`; what is no such escape stays as it is.
pub(crate) fn unescape(text: String) -> String {
    if !text.contains("\\u") {
        return text;
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut left = text.as_str();
    while !left.is_empty() {
        if let Some((after, unit)) = escape(left) {
            units.push(unit);
            left = after;
        } else {
            let mut characters = left.chars();
            if let Some(character) = characters.next() {
                units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            }
            left = characters.as_str();
        }
    }
    String::from_utf16_lossy(&units)
}

fn escape(text: &str) -> Option<(&str, u16)> {
    let digits = take_while1(|c: char| c.is_ascii_hexdigit());
    let parsed: IResult<&str, &str> = preceded(tag("\\u"), digits).parse(text);
    let (_, digits) = parsed.ok()?;
    let four = digits.get(..4)?;
    let unit = u16::from_str_radix(four, 16).ok()?;
    text.get(6..).map(|after| (after, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_split_and_bounded() {
        assert_eq!(frame(b"\0\0\0\x02ab\0\0"), Frame::Whole { payload: b"ab", taken: 6 });
        assert_eq!(frame(b"\0\0\0\0rest"), Frame::Whole { payload: b"", taken: 4 });
        for cut in [&b""[..], b"\0\0", b"\0\0\0\x02", b"\0\0\0\x02a"] {
            assert_eq!(frame(cut), Frame::Partial);
        }
        for long in [0xFFFF_FFFF_u32, 0x8000_0000, 0x0100_0000, 0x7FFF_FFFF] {
            assert_eq!(frame(&long.to_be_bytes()), Frame::TooLong(long));
        }
        assert_eq!(frame(&0x00FF_FFFF_u32.to_be_bytes()), Frame::Partial);
    }

    #[test]
    fn version_offers_and_answers() {
        assert_eq!(version_offer(b"v100..226"), Some((100, 226, &b""[..])));
        assert_eq!(version_offer(b"v100..226 +PACEAPI"), Some((100, 226, &b"+PACEAPI"[..])));
        assert_eq!(version_offer(b"v176"), Some((176, 176, &b""[..])));
        for bad in [&b"GET / HTTP/1.1"[..], b"v", b"v1..", b"v1..2x", b"v99999999999..2", b""] {
            assert_eq!(version_offer(bad), None, "{}", bad.escape_ascii());
        }
        assert_eq!(version_answer(b"187\x0020261122 15:00:00 EST\0"), Some((187, &b"20261122 15:00:00 EST"[..])));
        assert_eq!(version_answer(b"187\0\0"), Some((187, &b""[..])));
        for other in [&b"15\x001\0DU1\0"[..], b"187\0", b"x\0y\0", b""] {
            assert_eq!(version_answer(other), None, "{}", other.escape_ascii());
        }
    }

    #[test]
    fn tag_lists_come_apart() {
        let tags = tag_list("a=1;b=;c;d=x=y;");
        let pairs: Vec<_> = tags.iter().map(|tag| (tag.tag.as_str(), tag.value.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b", ""), ("c", ""), ("d", "x=y")]);
        assert!(tag_list("").is_empty());
    }

    #[test]
    fn escapes_are_undone() {
        for (text, expected) in [
            ("plain", "plain"),
            ("\\u4e2d\\u6587!", "中文!"),
            ("\\ud83d\\ude00", "😀"),
            ("\\u12", "\\u12"),
            ("\\uzzzz", "\\uzzzz"),
            ("\\u00e9t\\u00e9", "été"),
        ] {
            assert_eq!(unescape(text.to_owned()), expected);
        }
    }
}
