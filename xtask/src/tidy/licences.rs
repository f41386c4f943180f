//! Every package that is used stands under a licence of the list in `deny.toml`. Needs no network.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Fault;
use crate::repository::Repository;

#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

/// Every package of the workspace's dependency tree, those of build scripts and tests included.
pub(super) fn check(repository: &Repository) -> Result<Vec<Fault>> {
    let deny: Deny = toml::from_str(&repository.read("deny.toml")?).context("cannot read deny.toml")?;
    let allowed: BTreeSet<&str> = deny.licenses.allow.iter().map(String::as_str).collect();
    let mut packages = BTreeMap::new();
    for entry in repository.everything_used()? {
        // A repeated entry says the same; only its first mention is kept.
        packages.entry((entry.name, entry.version)).or_insert(entry.licence);
    }
    let mut faults = Vec::new();
    for ((name, version), licence) in packages {
        if let Err(why) = judge(&licence, &allowed) {
            let remedy = "replace the package, or add the licence to [licenses] allow after reading it";
            faults.push(Fault::of_file("deny.toml", format!("`{name}` {version} {why}"), remedy));
        }
    }
    Ok(faults)
}

/// Whether the allowed licences satisfy an expression.
fn judge(expression: &str, allowed: &BTreeSet<&str>) -> Result<(), String> {
    if expression.is_empty() {
        return Err("states no licence".to_owned());
    }
    // `MIT/Apache-2.0` is how packages said OR before there were expressions.
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let is_allowed = alternatives(&mut words, allowed)
        .filter(|_| words.peek().is_none())
        .ok_or_else(|| format!("states its licence unreadably: {expression}"))?;
    if is_allowed { Ok(()) } else { Err(format!("is licensed {expression}")) }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `A OR B`: one is enough. `None` where the expression is malformed.
fn alternatives(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> Option<bool> {
    let mut any = conjunction(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        any |= conjunction(words, allowed)?;
    }
    Some(any)
}

/// `A AND B`: binds closer than OR, and needs both.
fn conjunction(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> Option<bool> {
    let mut all = licence(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        all &= licence(words, allowed)?;
    }
    Some(all)
}

/// One licence, at times WITH an exception, or a group in parentheses.
fn licence(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> Option<bool> {
    let word = words.next()?;
    if word == "(" {
        let inner = alternatives(words, allowed)?;
        return words.next_if_eq(&")").map(|_| inner);
    }
    if matches!(word, ")" | "OR" | "AND" | "WITH") {
        return None;
    }
    if words.next_if_eq(&"WITH").is_some() {
        let exception = words.next()?;
        return Some(allowed.contains(format!("{word} WITH {exception}").as_str()));
    }
    Some(allowed.contains(word))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[track_caller]
    fn check(expression: &str, expected: Result<(), &str>) {
        let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Zlib", "Apache-2.0 WITH LLVM-exception"]);
        assert_eq!(super::judge(expression, &allowed), expected.map_err(str::to_owned), "{expression}");
    }

    #[test]
    fn one_of_several_is_enough_unless_all_are_needed() {
        check("MIT", Ok(()));
        check("GPL-3.0-only", Err("is licensed GPL-3.0-only"));
        check("GPL-3.0-only OR MIT", Ok(()));
        check("Unlicense/MIT", Ok(()));
        check("MIT AND GPL-2.0-only", Err("is licensed MIT AND GPL-2.0-only"));
        check("MIT AND GPL-2.0-only OR Zlib", Ok(()));
        check("MIT AND (GPL-2.0-only OR Zlib)", Ok(()));
        check("(MIT OR Apache-2.0) AND OFL-1.1", Err("is licensed (MIT OR Apache-2.0) AND OFL-1.1"));
        check("Apache-2.0 WITH LLVM-exception", Ok(()));
        check("Apache-2.0 WITH Other-exception", Err("is licensed Apache-2.0 WITH Other-exception"));
    }

    #[test]
    fn silence_and_nonsense_are_no_licence() {
        check("", Err("states no licence"));
        check("MIT OR", Err("states its licence unreadably: MIT OR"));
        check("(MIT", Err("states its licence unreadably: (MIT"));
        check("MIT Zlib", Err("states its licence unreadably: MIT Zlib"));
    }
}
