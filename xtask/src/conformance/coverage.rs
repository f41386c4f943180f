//! Which messages were seen in which form at which version, and which were not.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tws_proto::ServerVersion;
use tws_proto::message::Facts;

use crate::table::table;
use crate::wire::{Form, From};

/// Versions at which the layout of some message changes, or its form.
pub(super) const GATES: &[i32] = &[
    176, 177, 178, 179, 180, 182, 183, 184, 185, 186, 187, 188, 189, 190, 192, 193, 194, 195, 196, 197, 198, 199, 200,
    201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 215, 216, 217, 218, 219, 221, 223, 226,
];

/// How often each message was seen, by side, name, form and version.
#[derive(Default, Serialize)]
pub(super) struct Coverage {
    client: BTreeMap<String, BTreeMap<Form, BTreeMap<i32, usize>>>,
    server: BTreeMap<String, BTreeMap<Form, BTreeMap<i32, usize>>>,
    /// Messages that the client's build has and the codec has not.
    unknown: BTreeSet<String>,
}

impl Coverage {
    pub(super) fn count(&mut self, from: From, name: &str, form: Form, version: i32) {
        let side = match from {
            From::Client => &mut self.client,
            From::Server => &mut self.server,
        };
        *side.entry(name.to_owned()).or_default().entry(form).or_default().entry(version).or_default() += 1;
    }

    pub(super) fn unknown(&mut self, name: &str) {
        self.unknown.insert(name.to_owned());
    }

    /// Every form of every message that was not seen although a build up to `newest` has it, by name.
    pub(super) fn holes(&self, newest: i32, is_short: bool) -> Vec<String> {
        let mut holes: Vec<String> =
            self.unknown.iter().map(|name| format!("{name}: the codec does not have it")).collect();
        for (from, seen) in [(From::Client, &self.client), (From::Server, &self.server)] {
            for facts in from.messages() {
                for (form, first, last) in forms(facts, newest) {
                    let versions = seen.get(facts.name).and_then(|forms| forms.get(&form));
                    let Some(versions) = versions else {
                        holes.push(format!("{} of the {} was never seen as {form:?}", facts.name, from.word()));
                        continue;
                    };
                    let missing: Vec<i32> = GATES
                        .iter()
                        .copied()
                        .filter(|gate| (first..=last).contains(gate) && !versions.contains_key(gate))
                        .collect();
                    if !missing.is_empty() && !is_short {
                        let name = facts.name;
                        holes.push(format!("{name} of the {} was never seen as {form:?} at {missing:?}", from.word()));
                    }
                }
            }
        }
        holes
    }

    pub(super) fn table(&self) -> String {
        let mut rows = Vec::new();
        for (side, messages) in [("client", &self.client), ("server", &self.server)] {
            for (name, forms) in messages {
                let cell = |form| {
                    forms.get(&form).map_or_else(String::new, |versions| {
                        let count: usize = versions.values().sum();
                        format!("{count} at {} versions", versions.len())
                    })
                };
                rows.push([side.to_owned(), name.clone(), cell(Form::Text), cell(Form::Protobuf)]);
            }
        }
        table(["from", "message", "text", "protobuf"], &rows, &[2, 3])
    }
}

/// The forms of a message up to `newest`, each with its first and last version.
fn forms(facts: &Facts, newest: i32) -> Vec<(Form, i32, i32)> {
    let ServerVersion(since) = facts.forms.since;
    let switch = facts.forms.protobuf.map_or(i32::MAX, |ServerVersion(switch)| switch.max(since));
    let mut forms = Vec::new();
    if facts.forms.text && since < switch && since <= newest {
        forms.push((Form::Text, since, newest.min(switch - 1)));
    }
    if switch <= newest {
        forms.push((Form::Protobuf, switch, newest));
    }
    forms
}
