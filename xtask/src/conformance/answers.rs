//! Answers that the codec writes, read by the client's decoder.
//!
//! An answer as the client's protobuf classes describe it is read and written again, and must come out the same. Then it
//! is brought down to what some version can carry (the codec names what it refuses), and written twice: at that version,
//! and whole. The client reads both, and both must tell its callbacks the same. So the values are checked against the
//! client's own classes, and every text layout against the client's own reading.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use tws_proto::error::Fault;
use tws_proto::message::Facts;
use tws_proto::{ServerMessage, ServerVersion};

use super::requests::{again, compare, word};
use super::{Difference, Differences, Made, Options, Package, Report, coverage, known};
use crate::environment::Environment;
use crate::wire::{Form, From, Spoken, hex};

/// More fields than this are in no message.
const REFUSALS_MAX: usize = 400;

/// What the client's callbacks were told of one frame.
#[derive(Debug, Deserialize, PartialEq)]
struct Told {
    calls: Vec<(String, Map<String, Value>)>,
    left: usize,
    error: Option<String>,
}

/// One answer, written twice.
struct Pair {
    name: String,
    form: Form,
    version: ServerVersion,
    /// At `version`.
    frame: Vec<u8>,
    /// At the newest version that has it in protobuf, and so with every field; at `version` where there is no protobuf.
    whole: Vec<u8>,
    whole_version: ServerVersion,
}

pub(super) fn run(
    theirs: &Environment,
    describing: &Environment,
    package: &Package,
    options: &Options,
    report: &mut Report,
    differences: &mut Differences,
) -> Result<()> {
    let wanted = if options.short { options.values.min(3_000) } else { options.values };
    let gates: Vec<i32> = coverage::GATES.iter().copied().filter(|gate| *gate <= package.newest).collect();
    let mut round = 0;
    // A round holds every message a few times at every gate; values are counted as the callbacks tell them.
    while report.values < wanted || round == 0 {
        let seed = options.seed.wrapping_mul(1_000).wrapping_add(round);
        let count = if options.short { 900 } else { 200 * gates.len() };
        let made = describing.run("responses.py", &[seed.to_string(), count.to_string()], Vec::new())?;
        let pairs = written(&made, &gates, describing, report, differences)?;
        let wholes = read(describing, pairs.iter().map(|pair| (pair.whole_version, &pair.whole)))?;
        let frames = read(theirs, pairs.iter().map(|pair| (pair.version, &pair.frame)))?;
        for ((pair, whole), frame) in pairs.iter().zip(&wholes).zip(&frames) {
            report.values +=
                frame.calls.iter().map(|(_, told)| told.values().map(leaves).sum::<usize>()).sum::<usize>();
            check(pair, whole, frame, differences);
        }
        round += 1;
        if round > 200 {
            bail!("{} values after {round} rounds: the client tells its callbacks next to nothing", report.values);
        }
    }
    Ok(())
}

/// Reads what the client's classes describe, and writes it as a version can carry it.
fn written(
    made: &str,
    gates: &[i32],
    describing: &Environment,
    report: &mut Report,
    differences: &mut Differences,
) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    let mut same = Vec::new();
    let mut turns = std::collections::BTreeMap::<String, usize>::new();
    for line in made.lines() {
        let made: Made = serde_json::from_str(line).context("responses.py wrote no answer")?;
        let made = Made { by: "fill".to_owned(), ..made };
        let payload =
            hex::parse(&made.frame).map_err(anyhow::Error::msg).context("responses.py wrote no hexadecimal")?;
        let Some((form, whole)) = again(From::Server, &payload, &made, report, differences) else { continue };
        let Ok((mut message, _, _)) = Spoken::read(From::Server, &payload, ServerVersion(made.server_version)) else {
            continue; // it was read a moment ago
        };
        same.push((made.clone(), form, whole));
        if let Spoken::Server(ServerMessage::TickPrice(tick)) = &mut message {
            // Where protobuf leaves them out the client takes all of them for set, in text for none.
            tick.attributes.get_or_insert_default();
        }
        let facts = message.facts();
        // Every gate in turn, a text one first and a protobuf one second, so that a short run sees both forms.
        let turn = turns.entry(made.name.clone()).or_default();
        let legal: Vec<i32> = gates.iter().copied().filter(|gate| *gate >= facts.forms.since.0).collect();
        if legal.is_empty() {
            continue;
        }
        let at = match *turn {
            0 => 0,
            1 => legal.len() - 1,
            turn => turn % legal.len(),
        };
        *turn += 1;
        let version = ServerVersion(legal[at]); // `at` is below the length
        if let Some(pair) = carried(&made, message, version, differences) {
            report.answers += 1;
            report.coverage.count(From::Server, facts.name, pair.form, version.0);
            pairs.push(pair);
        }
    }
    compare(describing, From::Server, &same, differences)?;
    Ok(pairs)
}

/// Takes out of `message` what `version` cannot carry, as the codec names it, and writes it.
fn carried(made: &Made, message: Spoken, version: ServerVersion, differences: &mut Differences) -> Option<Pair> {
    let facts = message.facts();
    let mut differ = |path: String, ours: String| {
        let difference = Difference {
            message: made.name.clone(),
            form: word(form_at(facts, version)),
            path,
            theirs: made.frame.clone(),
            ours,
        };
        differences.add(difference, version.0);
    };
    let mut message = message;
    let mut refusals = Vec::new();
    for _ in 0..REFUSALS_MAX {
        let refused = match message.clone().write(version) {
            Ok(frame) => {
                // What was carried, told by reading it again: the rest must be what a form may leave out.
                let carried = match Spoken::read(From::Server, &frame, version) {
                    Ok((carried, _, 0)) => carried,
                    Ok((_, _, left)) => {
                        differ("read again: fields left".to_owned(), left.to_string());
                        return None;
                    }
                    Err(bad) => {
                        differ(format!("read again: {}", bad.field), bad.to_string());
                        return None;
                    }
                };
                let (before, after) = (serde_json::to_value(&message).ok()?, serde_json::to_value(&carried).ok()?);
                let mut lost = Vec::new();
                losses("", &before, &after, &mut lost);
                for (path, before, after) in lost {
                    differ(format!("not refused and not carried: {path}"), format!("{before} became {after}"));
                }
                let newest = if facts.forms.protobuf.is_some() { ServerVersion::NEWEST } else { version };
                return match carried.write(newest) {
                    Ok(whole) => Some(Pair {
                        name: made.name.clone(),
                        form: form_at(facts, version),
                        version,
                        frame: frame.to_vec(),
                        whole: whole.to_vec(),
                        whole_version: newest,
                    }),
                    Err(refused) => {
                        differ(format!("refused: {}", refused.field), refused.to_string());
                        None
                    }
                };
            }
            Err(refused) => refused,
        };
        refusals.push(refused.field);
        let is_gate = matches!(
            refused.fault,
            Fault::NeedsVersion(_) | Fault::GoneSince(_) | Fault::NotCarried | Fault::Missing | Fault::NotPrintable
        );
        match is_gate.then(|| without(&message, refused.field)).flatten() {
            Some(less) => message = less,
            None => {
                differ(format!("refused: {}", refused.field), refused.to_string());
                return None;
            }
        }
    }
    differ("refused without end".to_owned(), refusals.join(", "));
    None
}

/// Where two readings of one message differ, but for what any form may leave out.
fn losses(path: &str, before: &Value, after: &Value, found: &mut Vec<(String, Value, Value)>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before {
                if !known::REMARKS.contains(&name.as_str()) {
                    losses(&format!("{path}.{name}"), value, after.get(name).unwrap_or(&Value::Null), found);
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (before, after) in before.iter().zip(after) {
                losses(&format!("{path}[]"), before, after, found);
            }
        }
        // A nested message of which nothing is set says nothing.
        _ if before != after && !(says_nothing(before) && says_nothing(after)) => {
            found.push((path.to_owned(), before.clone(), after.clone()));
        }
        _ => {}
    }
}

fn says_nothing(tree: &Value) -> bool {
    match tree {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.values().all(says_nothing),
        Value::Array(_) | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn form_at(facts: Facts, version: ServerVersion) -> Form {
    if facts.forms.is_protobuf_at(version) { Form::Protobuf } else { Form::Text }
}

/// The message with every field of that name unset where the codec can say that, or `None` where there is none.
fn without(message: &Spoken, field: &str) -> Option<Spoken> {
    let Spoken::Server(message) = message else { return None };
    let mut tree = serde_json::to_value(message).ok()?;
    let count = occurrences(&mut tree, field).len();
    let mut less = None;
    // A flag that has to be set is unset by setting it; a number that has to be there is 0 at last.
    let words = [Value::Null, Value::from(""), Value::Array(Vec::new()), Value::from(false)];
    for silences in [&words[..], &[Value::from(true)], &[Value::from(0)]] {
        for at in 0..count {
            // What is silent already is not what is refused.
            if occurrences(&mut tree, field).get(at).is_none_or(|place| silences.contains(place)) {
                continue;
            }
            for silence in silences {
                let mut changed = tree.clone();
                if let Some(place) = occurrences(&mut changed, field).get_mut(at) {
                    **place = silence.clone();
                }
                if let Ok(message) = serde_json::from_value::<ServerMessage>(changed.clone()) {
                    tree = changed;
                    less = Some(Spoken::Server(message));
                    break;
                }
            }
        }
        if less.is_some() {
            break;
        }
    }
    less
}

/// Every value that stands under that name.
fn occurrences<'a>(tree: &'a mut Value, field: &str) -> Vec<&'a mut Value> {
    match tree {
        Value::Object(fields) => fields
            .iter_mut()
            .flat_map(|(name, value)| if name == field { vec![value] } else { occurrences(value, field) })
            .collect(),
        Value::Array(items) => items.iter_mut().flat_map(|item| occurrences(item, field)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn read<'a>(client: &Environment, frames: impl Iterator<Item = (ServerVersion, &'a Vec<u8>)>) -> Result<Vec<Told>> {
    let mut input = Vec::new();
    let mut asked = 0;
    for (version, frame) in frames {
        let line = serde_json::json!({ "server_version": version.0, "frame": hex::spell(frame) });
        input.extend_from_slice(format!("{line}\n").as_bytes());
        asked += 1;
    }
    let output = client.run("callbacks.py", &[], input)?;
    let told: Vec<Told> = output
        .lines()
        .map(|line| serde_json::from_str(line).context("callbacks.py wrote no callbacks"))
        .collect::<Result<_>>()?;
    if told.len() != asked {
        bail!("callbacks.py answered {} of {asked} frames", told.len());
    }
    Ok(told)
}

/// What the client says of the frame against what it says of the whole answer.
fn check(pair: &Pair, whole: &Told, frame: &Told, differences: &mut Differences) {
    let mut differ = |path: String, theirs: String, ours: String| {
        let form = word(pair.form);
        differences.add(Difference { message: pair.name.clone(), form, path, theirs, ours }, pair.version.0);
    };
    let text = || pair.frame.escape_ascii().to_string();
    if let Some(error) = &whole.error {
        differ("error (whole)".to_owned(), error.clone(), hex::spell(&pair.whole));
        return;
    }
    if let Some(error) = &frame.error {
        differ("error".to_owned(), error.clone(), text());
        return;
    }
    if frame.left > 0 {
        differ("fields that the client did not read".to_owned(), frame.left.to_string(), text());
    }
    let names = |told: &Told| told.calls.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(",");
    if whole.calls.len() != frame.calls.len() {
        differ("callbacks".to_owned(), names(whole), format!("{} of {}", names(frame), text()));
    }
    for ((expected_name, expected), (name, told)) in whole.calls.iter().zip(&frame.calls) {
        if expected_name != name {
            differ("callback".to_owned(), expected_name.clone(), name.clone());
            continue;
        }
        for (argument, value) in told {
            // An older build tells less; what it tells must be the same.
            let expected = expected.get(argument).unwrap_or(&Value::Null);
            compare_values(pair.form, &format!("{name}.{argument}"), expected, value, &mut differ);
        }
    }
}

fn compare_values(
    form: Form,
    path: &str,
    expected: &Value,
    told: &Value,
    differ: &mut impl FnMut(String, String, String),
) {
    match (expected, told) {
        (Value::Object(expected), Value::Object(told)) if !told.contains_key("number") => {
            for (name, value) in told {
                let expected = expected.get(name).unwrap_or(&Value::Null);
                compare_values(form, &format!("{path}.{name}"), expected, value, differ);
            }
        }
        (Value::Array(expected), Value::Array(told)) if expected.len() == told.len() => {
            for (expected, told) in expected.iter().zip(told) {
                compare_values(form, &format!("{path}[]"), expected, told, differ);
            }
        }
        // An empty number in text is 0 to the client here and "unset" there; protobuf tells the two apart.
        _ if form == Form::Text && is_nothing(expected) && is_nothing(told) => {}
        _ if expected != told => differ(path.to_owned(), expected.to_string(), told.to_string()),
        _ => {}
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.get("number").is_some_and(|number| number == "0")
}

/// How many single values a tree holds.
fn leaves(tree: &Value) -> usize {
    match tree {
        Value::Object(fields) if fields.contains_key("number") => 1,
        Value::Object(fields) => fields.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}
