//! Full samples of the server's messages, every field set: the snapshots of `tws-proto`, read as bytes that can be bent.
//!
//! Their numbers with a fraction are its decimals, no two of one message alike unless it names the same thing twice.

use std::fs;
use std::path::PathBuf;

use tws_proto::ServerVersion;
use tws_proto::message::{Message, ServerMessage};

use crate::frames::{Field, TEXT, body, fields_of, framed, written};

/// A message of the server in the forms that it has.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) id: i32,
    /// Fields of the oldest text form.
    text: Option<Vec<u8>>,
    pub(crate) protobuf: Option<Protobuf>,
}

/// The oldest protobuf form of a sample, a line a field.
#[derive(Clone, Debug)]
pub(crate) struct Protobuf {
    /// The first version that has it.
    pub(crate) version: i32,
    pub(crate) lines: Vec<Line>,
}

/// One field; what is nested in it stands below it, further to the right.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    depth: usize,
    tag: u64,
    /// A number, a text in quotes, or nothing above a nested message.
    pub(crate) value: String,
}

/// Every sample but for a second one of the same message.
pub(crate) fn all() -> Vec<Sample> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tws-proto/tests/snapshots");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("server.")?.strip_suffix(".snap")?;
            let (id, name) = name.split_once('.')?;
            let snapshot = fs::read_to_string(path).unwrap();
            (!name.contains('.')).then(|| Sample::parse(name, id.parse().unwrap(), &snapshot))
        })
        .collect()
}

/// The sample with this wire name.
pub(crate) fn of(name: &str) -> Sample {
    all().into_iter().find(|sample| sample.name == name).unwrap_or_else(|| panic!("there is no sample of {name}"))
}

impl Sample {
    fn parse(name: &str, id: i32, snapshot: &str) -> Self {
        let mut sample = Self { name: name.to_owned(), id, text: None, protobuf: None };
        for section in snapshot.split("\n-- ").skip(1) {
            let (head, rest) = section.split_once('\n').unwrap_or((section, ""));
            let version = head.split_once(':').unwrap().0.parse().unwrap();
            if head.contains("protobuf") && sample.protobuf.is_none() {
                let lines =
                    rest.lines().filter(|line| !line.is_empty() && *line != "no fields").map(Line::parse).collect();
                sample.protobuf = Some(Protobuf { version, lines });
            } else if head.contains("text") && sample.text.is_none() && version < 201 {
                let fields = if rest.starts_with("no fields") { "" } else { rest.lines().next().unwrap_or_default() };
                sample.text = Some(format!("{id}|{fields}").replace('|', "\0").into_bytes());
            }
        }
        sample
    }

    /// The fields of the text form at version [`TEXT`], the id first; `None` where there is none.
    pub(crate) fn fields(&self) -> Option<Vec<Vec<u8>>> {
        let read = [ServerVersion::OLDEST, ServerVersion(TEXT)]
            .map(|version| ServerMessage::read(self.text.as_ref()?, version).ok());
        let message = read.into_iter().flatten().next()?.message;
        Some(fields_of(&written(TEXT, message)))
    }
}

impl Line {
    fn parse(line: &str) -> Self {
        let depth = line.len() - line.trim_start().len();
        let (tag, value) = line.trim_start().split_once(':').unwrap_or_else(|| panic!("{line}"));
        Self { depth, tag: tag.parse().unwrap_or_else(|_| panic!("{line}")), value: value.trim_start().to_owned() }
    }

    /// Whether it is a number, bare or in quotes, with a fraction: only decimals are.
    pub(crate) fn is_decimal(&self) -> bool {
        self.value.trim_matches('"').parse::<f64>().is_ok_and(|number| number.fract() != 0.0)
    }

    fn field(&self) -> Field<'_> {
        match self.value.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(text) => Field::Text(text.as_bytes()),
            None => match self.value.parse() {
                Ok(number) => Field::Integer(number),
                Err(_) => Field::Double(double(&self.value)),
            },
        }
    }
}

/// A double by name: Rust has its own spellings of the odd ones, and no negative NaN.
fn double(word: &str) -> f64 {
    match word {
        "-NaN" => -f64::NAN,
        word => word.parse().unwrap_or_else(|_| panic!("{word} is no double")),
    }
}

impl Protobuf {
    /// The frame of these lines.
    pub(crate) fn frame(&self, id: i32) -> Vec<u8> {
        let mut payload = (id + 200).to_be_bytes().to_vec();
        payload.extend(nest(&self.lines));
        framed(&payload)
    }
}

fn nest(lines: &[Line]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = lines;
    while let Some((line, below)) = left.split_first() {
        let inside = below.iter().take_while(|other| other.depth > line.depth).count();
        let field = if line.value.is_empty() { Field::Nested(nest(&below[..inside])) } else { line.field() };
        out.extend(body(&[(line.tag, field)]));
        left = &below[inside..];
    }
    out
}

/// Both forms of every sample are what they seem: the client's own reader takes them as the message of that name.
#[test]
fn samples_are_read_as_what_they_are() {
    let (mut texts, mut bodies) = (0, 0);
    for sample in all() {
        if let Some(fields) = sample.fields() {
            let payload: Vec<u8> = fields.iter().flat_map(|field| [field.as_slice(), b"\0"].concat()).collect();
            let read = ServerMessage::read(&payload, ServerVersion(TEXT)).unwrap();
            assert_eq!((read.message.facts().name, read.trailing_fields), (&*sample.name, 0));
            texts += 1;
        }
        if let Some(protobuf) = &sample.protobuf {
            let frame = protobuf.frame(sample.id);
            let read = ServerMessage::read(&frame[4..], ServerVersion(protobuf.version));
            assert_eq!(read.map(|read| read.message.facts().name), Ok(&*sample.name));
            bodies += 1;
        }
    }
    assert!(texts >= 75 && bodies >= 75, "{texts} texts, {bodies} bodies");
}
