//! Tag lists: the wire's open-ended options.

use crate::body::body;
use crate::error::Fault;

body! {
    /// One option: an algorithm's parameter, a routing hint, a security id.
    TagValue {
        1 "tag" tag: String,
        2 "value" value: String,
    }
}

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
