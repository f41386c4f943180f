//! Tag lists: the wire's open-ended options.

use serde::{Deserialize, Serialize};

use crate::error::Fault;
use crate::wire::layout;

/// One option: an algorithm's parameter, a routing hint, a security id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagValue {
    /// Wire name `tag`.
    pub tag: String,
    /// Wire name `value`.
    pub value: String,
}
layout!(TagValue { 1 tag, 2 value });

impl TagValue {
    /// A tag and its value.
    pub fn new(tag: impl Into<String>, value: impl Into<String>) -> Self {
        Self { tag: tag.into(), value: value.into() }
    }
}

/// Whether a tag stands more than once, which a map cannot say.
pub(crate) fn has_twins(tags: &[TagValue]) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    !tags.iter().all(|tag| seen.insert(tag.tag.as_str()))
}

/// The one-string spelling `tag=value;`; a separator inside a tag or value cannot be carried.
pub(crate) fn join(tags: &[TagValue]) -> Result<String, Fault> {
    let mut joined = String::new();
    for TagValue { tag, value } in tags {
        if tag.is_empty() || tag.contains([';', '=']) || value.contains(';') {
            return Err(Fault::NotPrintable);
        }
        joined.push_str(tag);
        joined.push('=');
        joined.push_str(value);
        joined.push(';');
    }
    Ok(joined)
}
