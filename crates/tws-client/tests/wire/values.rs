//! W13 to W25: what stands in the fields of a text, and in those that both forms have.

use tws_client::{LaneEvent, Tick, Update};
use tws_proto::ServerMessage;
use tws_proto::ids::OrderId;
use tws_proto::kinds::{Status, TickKind};
use tws_proto::message::Notice;

use crate::bench::{Bench, Heard};
use crate::frames::{BETWEEN, Field, PROTOBUF, TEXT, notice, of_fields, protobuf, text, text_bytes};
use crate::samples::{self, Sample};

/// Messages that move an order, an execution, a position or a commission: they come on the order lane.
pub(crate) const LANE: [&str; 6] =
    ["ORDER_STATUS", "OPEN_ORDER", "COMPLETED_ORDER", "EXECUTION_DATA", "COMMISSION_AND_FEES_REPORT", "POSITION_DATA"];
/// Messages of a stream of quotes with a number in them.
const TICKS: [&str; 3] = ["TICK_PRICE", "TICK_SIZE", "TICK_GENERIC"];

/// Whether nothing came but that a frame of this message was bad and counted; on the lane, where it may have been an
/// order's.
pub(crate) fn was_bad(name: &str, heard: &Heard) -> bool {
    match (&heard.quotes[..], &heard.lane[..]) {
        ([], []) => !LANE.contains(&name),
        ([], [LaneEvent::BadFrame(bad)]) => LANE.contains(&name) && bad.message == name,
        _ => false,
    }
}

/// The one message that came, as it would be printed.
fn one(heard: &Heard) -> String {
    match (&heard.quotes[..], &heard.lane[..]) {
        ([Update::Data(tick)], []) => format!("{tick:?}"),
        ([], [LaneEvent::Message(message)]) => format!("{message:?}"),
        _ => panic!("not one message: {heard:?}"),
    }
}

/// Makes the frame in which the decimal at a place is spelled otherwise.
type With = Box<dyn Fn(usize, &str) -> Vec<u8>>;

/// A message in one form, each of its decimals within reach.
struct Bent {
    name: &'static str,
    version: i32,
    /// The decimals, as they are spelled.
    decimals: Vec<String>,
    /// The frame with the decimal at this place spelled otherwise.
    with: With,
}

/// The text of a sample; ticks are those of the stream.
fn in_text(name: &'static str, bench: &Bench) -> Bent {
    let mut fields = samples::of(name).fields().unwrap();
    if TICKS.contains(&name) {
        fields[2] = bench.id.0.to_string().into_bytes();
    }
    let is_decimal = |field: &[u8]| field.ends_with(b".5") || field.ends_with(b".25");
    let places: Vec<usize> = (0..fields.len()).filter(|place| is_decimal(&fields[*place])).collect();
    let decimals = places.iter().map(|place| String::from_utf8(fields[*place].clone()).unwrap()).collect();
    let with = move |at: usize, word: &str| {
        let mut fields = fields.clone();
        fields[places[at]] = word.as_bytes().to_vec();
        of_fields(&fields)
    };
    Bent { name, version: TEXT, decimals, with: Box::new(with) }
}

/// The same in protobuf: doubles and digits alike.
fn in_protobuf(name: &'static str, bench: &Bench) -> Bent {
    let Sample { id, protobuf, .. } = samples::of(name);
    let mut sample = protobuf.unwrap();
    if TICKS.contains(&name) {
        sample.lines[0].value = bench.id.0.to_string();
    }
    let places: Vec<usize> = (0..sample.lines.len()).filter(|place| sample.lines[*place].is_decimal()).collect();
    let decimals = places.iter().map(|place| sample.lines[*place].value.trim_matches('"').to_owned()).collect();
    let version = sample.version;
    let with = move |at: usize, word: &str| {
        let mut sample = sample.clone();
        let line = &mut sample.lines[places[at]];
        line.value = match word.parse::<i64>() {
            _ if line.value.starts_with('"') => format!("\"{word}\""),
            // A whole number is a double here all the same.
            Ok(_) => format!("{word}.0"),
            Err(_) => word.to_owned(),
        };
        sample.frame(id)
    };
    Bent { name, version, decimals, with: Box::new(with) }
}

/// Both forms of every message that has an order's, execution's, position's, commission's or tick's decimals, and a
/// session for each.
async fn every_form() -> Vec<(Bench, Bent)> {
    let mut forms = Vec::new();
    for name in LANE.into_iter().chain(TICKS) {
        let bench = Bench::at(TEXT).await;
        let bent = in_text(name, &bench);
        forms.push((bench, bent));
        let bench = Bench::at(samples::of(name).protobuf.unwrap().version).await;
        let bent = in_protobuf(name, &bench);
        forms.push((bench, bent));
    }
    forms
}

/// Spells every decimal of every form as each of these words. What comes must be the message with that decimal unset,
/// or, where it must be there, a bad frame: never another number.
async fn check_unset(words: &[&str]) {
    let mut unset = 0;
    for (mut bench, bent) in every_form().await {
        let Bent { name, decimals, with, version } = bent;
        assert_eq!(version, bench.version);
        assert!(!decimals.is_empty(), "{name} has no decimals at {version}");
        for (at, spelled) in decimals.iter().enumerate() {
            let whole = one(&bench.between_ticks(&with(at, spelled)).await);
            let allowed = without(&whole, spelled);
            // What stands twice on the wire and once in the message: one of the two counts.
            let twice = decimals.iter().filter(|other| *other == spelled).count();
            let may_stay = allowed.len() < twice;
            for word in words {
                let heard = bench.between_ticks(&with(at, word)).await;
                let place = format!("{name} at {version}: {word} for {spelled}");
                if was_bad(name, &heard) {
                    continue;
                }
                let told = one(&heard);
                let is_offset = *word == "Infinity" && told == whole.replace(&format!("By({spelled})"), "UpToMid");
                assert!(
                    allowed.contains(&told) || is_offset || (may_stay && told == whole),
                    "{place}:\n{whole}\n{told}"
                );
                unset += 1;
            }
        }
    }
    assert!(unset > 200 * words.len(), "{unset} decimals were unset");
}

/// The printed message with one occurrence of a decimal unset, for each of its occurrences.
fn without(whole: &str, decimal: &str) -> Vec<String> {
    let mut ways = Vec::new();
    for set in [format!("Some({decimal})"), format!("Some(By({decimal}))")] {
        for (at, _) in whole.match_indices(&set) {
            ways.push(format!("{}None{}", &whole[..at], &whole[at + set.len()..]));
        }
    }
    ways
}

#[tokio::test(start_paused = true)]
async fn w13_an_unknown_message_id_in_text() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        for id in [0, 22, 60, 112, 199, -7] {
            let frame = text(version, id, "1|2|3|");
            bench.check(&frame, &["bad frame. unknown_message", "counted frame unknown_message"]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn w15_further_fields_are_ignored() {
    let mut bench = Bench::at(TEXT).await;
    let tick = format!("6|{}|1|3|10|0|", bench.id.0);
    bench.check(&text(TEXT, 1, &tick), &["price 3"]).await;
    bench.check(&text(TEXT, 1, &format!("{tick}new|newer|")), &["price 3", "trailing 2"]).await;
    for sample in LANE.map(samples::of) {
        let mut fields = sample.fields().unwrap();
        let whole = bench.between_ticks(&of_fields(&fields)).await;
        fields.extend([b"new".to_vec(), Vec::new(), b"7".to_vec()]);
        assert_eq!(bench.between_ticks(&of_fields(&fields)).await, whole);
        assert_eq!(whole.short(), [&*sample.name]);
    }
    assert_eq!(bench.client.counts().bad_frames_total(), 0);
}

#[tokio::test(start_paused = true)]
async fn w16_missing_fields_of_an_order_message_are_never_filled_up() {
    let mut bench = Bench::at(TEXT).await;
    for sample in LANE.map(samples::of) {
        let fields = sample.fields().unwrap();
        for kept in 1..fields.len() {
            let heard = bench.between_ticks(&of_fields(&fields[..kept])).await;
            assert!(was_bad(&sample.name, &heard), "{} with {kept} of {} fields: {heard:?}", sample.name, fields.len());
        }
    }
    // In protobuf a field that is not there is unset, never 0: cut behind every byte.
    for name in LANE {
        let Sample { id, protobuf, .. } = samples::of(name);
        let protobuf = protobuf.unwrap();
        let mut bench = Bench::at(protobuf.version).await;
        let frame = protobuf.frame(id);
        let whole = one(&bench.between_ticks(&frame).await);
        for end in 8..frame.len() {
            let heard = bench.between_ticks(&crate::frames::framed(&frame[4..end])).await;
            if !was_bad(name, &heard) {
                // Half a message holds no decimal that the whole one does not hold.
                let told = one(&heard);
                for word in told.split("Some(").skip(1).filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
                    let number = word.split(')').next().unwrap();
                    assert!(whole.contains(&format!("Some({number})")), "{name} cut at {end}: {number} in\n{told}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn w17_an_empty_numeric_field_is_unset_and_not_zero() {
    // An empty field exists in text, and among the digits of protobuf.
    let mut unset = 0;
    for (mut bench, Bent { name, decimals, with, version }) in every_form().await {
        if version != TEXT {
            continue;
        }
        for (at, spelled) in decimals.iter().enumerate() {
            let whole = one(&bench.between_ticks(&with(at, spelled)).await);
            let heard = bench.between_ticks(&with(at, "")).await;
            if !was_bad(name, &heard) {
                let told = one(&heard);
                assert!(
                    told == whole || without(&whole, spelled).contains(&told),
                    "{name}: {spelled}\n{whole}\n{told}"
                );
                unset += 1;
            }
        }
    }
    assert!(unset > 60, "{unset}");
    // The price of a tick, and the numbers of a status, one by one.
    let mut bench = Bench::at(TEXT).await;
    bench.check(&text(TEXT, 1, &format!("6|{}|1||10|0|", bench.id.0)), &["price none"]).await;
    let heard = bench.between_ticks(&text(TEXT, 3, "7|Submitted||||||||||")).await;
    let [LaneEvent::Message(ServerMessage::OrderStatus(status))] = &heard.lane[..] else { panic!("{heard:?}") };
    assert_eq!((status.order_id, &status.status), (OrderId(7), &Status::Submitted));
    assert_eq!((status.filled, status.remaining, status.average_fill_price), (None, None, None));
    assert_eq!((status.permanent_id, status.parent_id, status.client_id), (None, None, None));
    let mut bench = Bench::at(PROTOBUF).await;
    let tick =
        [(1, Field::Integer(bench.id.0.into())), (2, Field::Integer(1)), (4, Field::Text(b"")), (5, Field::Integer(0))];
    bench.check(&protobuf(1, &tick), &["price none"]).await;
}

#[tokio::test(start_paused = true)]
async fn w18_letters_in_a_number_are_a_bad_frame() {
    for (mut bench, Bent { name, decimals, with, version }) in every_form().await {
        if version != TEXT {
            continue;
        }
        for word in ["abc", "1x", "1.2.3", "0x10", "1,5", "--1", " 1"] {
            for (at, spelled) in decimals.iter().enumerate() {
                let before = bench.client.counts().bad_frames_total();
                let heard = bench.between_ticks(&with(at, word)).await;
                assert!(was_bad(name, &heard), "{name}: {word} for {spelled}: {heard:?}");
                assert_eq!(bench.client.counts().bad_frames_total(), before + 1, "{name}: {word}");
            }
        }
    }
    let mut bench = Bench::at(TEXT).await;
    let frame = text(TEXT, 1, &format!("6|{}|1|abc|10|0|", bench.id.0));
    bench.check(&frame, &["counted TICK_PRICE not_a_number"]).await;
}

#[tokio::test(start_paused = true)]
async fn w19_what_is_not_finite_is_unset_or_a_bad_frame_in_every_decimal() {
    check_unset(&["NaN", "-NaN", "Infinity", "-Infinity"]).await;
}

#[tokio::test(start_paused = true)]
async fn w20_the_largest_numbers_are_unset() {
    check_unset(&["1.7976931348623157E308", "2147483647", "9223372036854775807"]).await;
    // The same among whole numbers.
    let mut bench = Bench::at(TEXT).await;
    let frame = text(TEXT, 3, "7|Filled|1|0|2|9223372036854775807|2147483647|2|2147483647||0|");
    let heard = bench.between_ticks(&frame).await;
    let [LaneEvent::Message(ServerMessage::OrderStatus(status))] = &heard.lane[..] else { panic!("{heard:?}") };
    assert_eq!((status.permanent_id, status.parent_id, status.client_id), (None, None, None));
    let mut bench = Bench::at(PROTOBUF).await;
    let maxima = [
        (1, Field::Integer(7)),
        (2, Field::Text(b"Filled")),
        (6, Field::Integer(i64::MAX)),
        (7, Field::Integer(i64::from(i32::MAX))),
        (9, Field::Integer(i64::from(i32::MAX))),
    ];
    let heard = bench.between_ticks(&protobuf(3, &maxima)).await;
    let [LaneEvent::Message(ServerMessage::OrderStatus(status))] = &heard.lane[..] else { panic!("{heard:?}") };
    assert_eq!((status.permanent_id, status.parent_id, status.client_id), (None, None, None));
}

#[tokio::test(start_paused = true)]
async fn w21_a_decimal_of_thirty_digits_is_exact_or_a_typed_error() {
    let exact = [
        ("79228162514264337593543950335", "79228162514264337593543950335"),
        ("-0.1234567890123456789012345678", "-0.1234567890123456789012345678"),
        ("12345678901234.56789012345678", "12345678901234.56789012345678"),
        // Zeros at the end say nothing.
        ("1.00000000000000000000000000000", "1"),
        ("0.500000000000000000000000000000000", "0.5"),
    ];
    let too_long =
        ["792281625142643375935439503351", "0.123456789012345678901234567891", "1234567890123456789012345678.91"];
    for version in [TEXT, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        let status = |filled: &str| match version {
            TEXT => text(TEXT, 3, &format!("7|Submitted|{filled}|0|0|1|0|0|1||0|")),
            _ => {
                let fields =
                    [(1, Field::Integer(7)), (2, Field::Text(b"Submitted")), (3, Field::Text(filled.as_bytes()))];
                protobuf(3, &fields)
            }
        };
        for (spelled, value) in exact {
            let heard = bench.between_ticks(&status(spelled)).await;
            let [LaneEvent::Message(ServerMessage::OrderStatus(status))] = &heard.lane[..] else { panic!("{heard:?}") };
            assert_eq!(status.filled.unwrap().to_string(), value, "at {version}");
        }
        for spelled in too_long {
            let heard = bench.between_ticks(&status(spelled)).await;
            assert_eq!(heard.short(), ["bad ORDER_STATUS.filled too_many_digits"], "{spelled} at {version}");
        }
    }
}

/// A position in this account, of this symbol.
fn position(version: i32, account: &[u8], symbol: &[u8]) -> Vec<u8> {
    if version < 203 {
        let fields = [b"3\0", account, b"\x001\0", symbol, b"\0STK\0\x000\0\0\0\0USD\0\0\x005\x009.5\0"].concat();
        return text_bytes(version, 61, &fields);
    }
    let contract = crate::frames::body(&[(1, Field::Integer(1)), (2, Field::Text(symbol))]);
    let fields =
        [(1, Field::Text(account)), (2, Field::Nested(contract)), (3, Field::Text(b"5")), (4, Field::Double(9.5))];
    protobuf(61, &fields)
}

#[tokio::test(start_paused = true)]
async fn w22_bytes_that_are_not_utf8_lose_nothing() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        for (words, read) in [
            (&b"Caf\xe9 \xa35"[..], "Café £5"),
            (b"\xff\xfe\x80", "\u{ff}\u{fe}\u{80}"),
            // A sequence that is cut off, and one that no UTF-8 has.
            (b"ok \xe4\xb8", "ok \u{e4}\u{b8}"),
            (b"\xc0\x80x", "\u{c0}\u{80}x"),
            (b"\xed\xa0\x80", "\u{ed}\u{a0}\u{80}"),
        ] {
            bench.check(&notice(version, words), &[&format!("notice 2100 {read}")]).await;
            let heard = bench.between_ticks(&position(version, words, words)).await;
            let [LaneEvent::Message(ServerMessage::Position(position))] = &heard.lane[..] else { panic!("{heard:?}") };
            assert_eq!((&*position.account, &*position.contract.symbol), (read, read));
            assert_eq!(position.position, Some(5.into()));
        }
        assert_eq!(bench.client.counts().bad_frames_total(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn w23_latin_1_and_escaped_text() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        for (words, read) in [
            (&b"M\xfcnchen"[..], "München"),
            ("München 中文".as_bytes(), "München 中文"),
            (b"back\\slash", "back\\slash"),
        ] {
            bench.check(&notice(version, words), &[&format!("notice 2100 {read}")]).await;
        }
        // Protobuf needs no escapes: what looks like one came from a person.
        let escaped = notice(version, br"\u4e2d\u6587 \ud83d\ude00 \u12 \uzzzz");
        let read = if version < 203 { r"中文 😀 \u12 \uzzzz" } else { r"\u4e2d\u6587 \ud83d\ude00 \u12 \uzzzz" };
        bench.check(&escaped, &[&format!("notice 2100 {read}")]).await;
        assert_eq!(bench.client.counts().bad_frames_total(), 0);
    }
}

#[test]
fn w24_a_field_of_one_mebibyte_and_a_message_of_a_hundred_thousand_fields() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for version in [TEXT, PROTOBUF] {
        let mut bench = runtime.block_on(Bench::at(version));
        let long = vec![b'x'; 1 << 20];
        let huge = notice(version, &long);
        let many = match version {
            TEXT => text_bytes(version, 4, &[&b"2\0-1\x002100\0ok\0\0"[..], &b"x\0".repeat(100_000)].concat()),
            _ => {
                let mut fields = vec![(1, Field::Integer(-1)), (3, Field::Integer(2100)), (4, Field::Text(b"ok"))];
                fields.extend(std::iter::repeat_n((15, Field::Text(b"x")), 100_000));
                protobuf(4, &fields)
            }
        };
        let told = format!("notice 2100 {}", "x".repeat(1 << 20));
        let counted = allocation_counter::measure(|| {
            runtime.block_on(async {
                for _ in 0..5 {
                    let heard = bench.between_ticks(&huge).await;
                    let [LaneEvent::Notice(Notice { text, .. })] = &heard.lane[..] else { panic!("{heard:?}") };
                    assert_eq!(text.len(), 1 << 20);
                }
                bench.check(&huge, &[&told]).await;
                let trailing: &[&str] =
                    if version == TEXT { &["notice 2100 ok", "trailing 100000"] } else { &["notice 2100 ok"] };
                bench.check(&many, trailing).await;
            });
        });
        // The frame, what it becomes on the way, and the copies of this test.
        assert!(counted.bytes_max < 16 << 20, "{} bytes at {version}", counted.bytes_max);
        // A large frame does not make the session larger for ever.
        assert!(counted.bytes_current < 3 << 20, "{} bytes stay at {version}", counted.bytes_current);
    }
}

/// Every field of every message, one after the other, announces this many: nothing is allocated by count, nothing
/// panics, and the stream stays in step. Gives how often a count was refused.
fn announce(count: &str) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut bench = runtime.block_on(Bench::at(TEXT));
    let mut frames = Vec::new();
    // Those of the session itself would change it.
    let own = ["NEXT_VALID_ID", "MANAGED_ACCTS", "ERR_MSG"];
    for sample in samples::all().into_iter().filter(|sample| !own.contains(&&*sample.name)) {
        let Some(fields) = sample.fields() else { continue };
        for at in 1..fields.len() {
            let mut fields = fields.clone();
            fields[at] = count.as_bytes().to_vec();
            frames.push(of_fields(&fields));
        }
    }
    let counted = allocation_counter::measure(|| {
        runtime.block_on(async {
            for frame in &frames {
                let heard = bench.between_ticks(frame).await;
                assert!(heard.quotes.is_empty() && heard.lane.len() <= 1, "{heard:?}");
            }
        });
    });
    assert!(counted.bytes_max < 4 << 20, "{} bytes for {count}", counted.bytes_max);
    let refused = bench.client.counts().bad_frames;
    refused.iter().filter(|(kind, _)| kind.fault == "bad_count").map(|(_, count)| *count as usize).sum()
}

#[test]
fn w25_a_repeat_count_of_two_thousand_million_or_of_minus_one_allocates_nothing() {
    for count in ["2147483647", "-1"] {
        let refused = announce(count);
        assert!(refused > 30, "{refused} lists refused {count}");
    }
}

/// A tick whose kind nobody knows is delivered as it is: it is the user who may know.
#[tokio::test(start_paused = true)]
async fn w13_an_unknown_kind_of_tick_is_no_unknown_message() {
    let mut bench = Bench::at(TEXT).await;
    let heard = bench.between_ticks(&text(TEXT, 1, &format!("6|{}|999|3|10|0|", bench.id.0))).await;
    let [Update::Data(Tick::Price(tick))] = &heard.quotes[..] else { panic!("{heard:?}") };
    assert_eq!(tick.price, Some(3.into()));
    assert_eq!(tick.kind, TickKind::Other(999));
}
