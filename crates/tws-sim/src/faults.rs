//! [`Fault`]: what can go wrong with a TWS and on the way to it, as named switches.
//!
//! [`Switch::ALL`] is the table from which the help of the program, the guide and the control port are made. A fault is
//! a switch and what is said of it; it comes in by [`crate::Builder::fault`], [`crate::TwsSim::inject`], a file or the
//! control port, and always means the same.

mod set;
mod table;

use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::ids::{ClientId, OrderId};

use crate::validation::{PRICE_MAX, QUANTITY_MAX};

pub(crate) use set::FaultSet;
pub use set::{Active, Clear};
pub use table::{Entry, Lasting, Parameter, Place, Switch, UnknownSwitch};

/// A switch and what is said of it. What is left out takes the value that the table names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which.
    #[serde(rename = "fault")]
    pub switch: Switch,
    /// Whom it concerns: a client id. Everybody, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<i32>,
    /// Which order, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<i32>,
    /// Which instrument, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// How likely it strikes each time, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// How often it strikes; then it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// How long it stands, simulated milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
    /// Its own duration, simulated milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Its own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// A number of bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u32>,
    /// The code that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// A number of shares or contracts.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::amount::optional")]
    pub quantity: Option<Decimal>,
    /// A price.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::amount::optional")]
    pub price: Option<Decimal>,
    /// Its own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Why a fault means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFault {
    /// It says something that its switch does not take.
    #[error("{switch} does not take {}{}", parameter.name(), takes(*switch))]
    Parameter {
        /// Which switch.
        switch: Switch,
        /// What was said.
        parameter: Parameter,
    },
    /// A rate is a probability.
    #[error("the rate of {switch} must be between 0 and 1")]
    Rate {
        /// Which switch.
        switch: Switch,
    },
    /// A value that it cannot have.
    #[error("{switch} needs {needs}")]
    Value {
        /// Which switch.
        switch: Switch,
        /// What it needs.
        needs: &'static str,
    },
}

fn takes(switch: Switch) -> String {
    let entry = switch.entry();
    let own = entry.takes.iter().map(|(parameter, _)| parameter.name());
    let common: &[&str] = match entry.lasting {
        Lasting::Once => &["client"],
        Lasting::Standing => &["client", "rate", "count", "for_ms"],
    };
    format!("; it takes {}", own.chain(common.iter().copied()).collect::<Vec<_>>().join(", "))
}

/// Why a file of faults cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaultFileError {
    /// The file cannot be read. Check the path.
    #[error("cannot read the faults file {}: {cause}", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The text is not a list of faults. The cause names line and field.
    #[error("the faults file {} is not valid: {cause}", path.display())]
    Malformed {
        /// Where it is.
        path: PathBuf,
        /// What the parser says.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// One of them means nothing.
    #[error("the faults file {}: {cause}", path.display())]
    Invalid {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        cause: InvalidFault,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    faults: Vec<Fault>,
}

impl From<Switch> for Fault {
    fn from(switch: Switch) -> Self {
        Self::new(switch)
    }
}

impl Fault {
    /// A switch of which nothing is said: it strikes everybody, always.
    #[must_use]
    pub const fn new(switch: Switch) -> Self {
        Self {
            switch,
            client: None,
            order: None,
            instrument: None,
            rate: None,
            count: None,
            for_ms: None,
            ms: None,
            number: None,
            bytes: None,
            code: None,
            quantity: None,
            price: None,
            text: None,
        }
    }

    /// Concerns this client only.
    #[must_use]
    pub fn client(self, client: i32) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Concerns this order.
    #[must_use]
    pub fn order(self, order: i32) -> Self {
        Self { order: Some(order), ..self }
    }

    /// Concerns this instrument.
    #[must_use]
    pub fn instrument(self, instrument: impl Into<String>) -> Self {
        Self { instrument: Some(instrument.into()), ..self }
    }

    /// Strikes with this probability.
    #[must_use]
    pub fn rate(self, rate: f64) -> Self {
        Self { rate: Some(rate), ..self }
    }

    /// Strikes so often.
    #[must_use]
    pub fn count(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Stands for so long.
    #[must_use]
    pub fn for_ms(self, milliseconds: u64) -> Self {
        Self { for_ms: Some(milliseconds), ..self }
    }

    /// Its own duration.
    #[must_use]
    pub fn ms(self, milliseconds: u64) -> Self {
        Self { ms: Some(milliseconds), ..self }
    }

    /// Its own number.
    #[must_use]
    pub fn number(self, number: i64) -> Self {
        Self { number: Some(number), ..self }
    }

    /// A number of bytes.
    #[must_use]
    pub fn bytes(self, bytes: u32) -> Self {
        Self { bytes: Some(bytes), ..self }
    }

    /// The code that is told.
    #[must_use]
    pub fn code(self, code: i32) -> Self {
        Self { code: Some(code), ..self }
    }

    /// Its own quantity.
    #[must_use]
    pub fn quantity(self, quantity: Decimal) -> Self {
        Self { quantity: Some(quantity), ..self }
    }

    /// Its own price.
    #[must_use]
    pub fn price(self, price: Decimal) -> Self {
        Self { price: Some(price), ..self }
    }

    /// Its own text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..self }
    }

    /// Whether it means something.
    ///
    /// # Errors
    /// [`InvalidFault`] says what is wrong.
    pub fn check(&self) -> Result<(), InvalidFault> {
        let switch = self.switch;
        let entry = switch.entry();
        if let Some(parameter) = self.said().find(|parameter| !entry.accepts(*parameter)) {
            return Err(InvalidFault::Parameter { switch, parameter });
        }
        if self.rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            return Err(InvalidFault::Rate { switch });
        }
        let needs = |needs| Err(InvalidFault::Value { switch, needs });
        let one_of = |words: &[&str]| self.text.as_deref().is_none_or(|text| words.contains(&text));
        match switch {
            Switch::ManualOrder | Switch::ForeignOrder
                if self.instrument.is_none() || self.quantity.is_none_or(|quantity| quantity.is_zero()) =>
            {
                needs("an instrument and a signed quantity")
            }
            Switch::Raw if self.text.as_deref().and_then(hexadecimal).is_none() => {
                needs("a text of hexadecimal digits, two for each byte")
            }
            Switch::HandshakeJunk if !one_of(&["http", "tls", "random"]) => needs("a text of http, tls or random"),
            Switch::KeptOrders if !one_of(&["submit", "delete"]) => needs("a text of submit or delete"),
            Switch::Restart if !one_of(&["keep", "delete"]) => needs("a text of keep or delete"),
            Switch::Reject if !one_of(&["Inactive", "Cancelled", "none"]) => {
                needs("a text of Inactive, Cancelled or none")
            }
            Switch::NotANumber if !one_of(&["NaN", "-NaN", "Infinity", "-Infinity"]) => {
                needs("a text of NaN, -NaN, Infinity or -Infinity")
            }
            Switch::DailyRestart if self.text.as_deref().is_some_and(|text| time_of_day(text).is_none()) => {
                needs("a time of the day such as 23:45")
            }
            Switch::FarmDown if !self.code.is_none_or(|code| [2103, 2105, 2157].contains(&code)) => {
                needs("a code of 2103, 2105 or 2157")
            }
            Switch::FarmOk if !self.code.is_none_or(|code| [2104, 2106, 2158].contains(&code)) => {
                needs("a code of 2104, 2106 or 2158")
            }
            Switch::FarmIdle if !self.code.is_none_or(|code| [2107, 2108].contains(&code)) => {
                needs("a code of 2107 or 2108")
            }
            Switch::FarmFlaps if !self.number.is_none_or(|times| (1..=10_000).contains(&times)) => {
                needs("a number of times from 1 to 10000")
            }
            Switch::DuplicateStatus | Switch::DuplicateExecution | Switch::DuplicateCommission
                if !self.number.is_none_or(|times| (1..=100).contains(&times)) =>
            {
                needs("a number of times from 1 to 100")
            }
            Switch::Chunk if self.bytes == Some(0) => needs("at least one byte"),
            Switch::DropEvery if self.ms == Some(0) => needs("a time of at least 1 ms"),
            _ if self.quantity.is_some_and(|quantity| quantity.abs() > QUANTITY_MAX) => {
                needs("a quantity of no more than 100000000")
            }
            _ if self.price.is_some_and(|price| price.abs() > PRICE_MAX) => needs("a price of no more than 10000000"),
            _ if self.number.is_some_and(|number| number < 0) => needs("a number that is not negative"),
            _ => Ok(()),
        }
    }

    /// The faults of a file: TOML with `[[faults]]` tables, or JSON with a list `faults`.
    ///
    /// # Errors
    /// [`FaultFileError`] names the file and what is wrong.
    pub fn read_file(path: &Path) -> Result<Vec<Self>, FaultFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| FaultFileError::Unreadable { path: path.to_owned(), cause })?;
        let malformed = |cause| FaultFileError::Malformed { path: path.to_owned(), cause };
        let File { faults } = if path.extension().is_some_and(|extension| extension == "json") {
            serde_json::from_str(&text).map_err(|cause| malformed(cause.into()))?
        } else {
            toml::from_str(&text).map_err(|cause| malformed(cause.into()))?
        };
        match faults.iter().find_map(|fault| fault.check().err()) {
            Some(cause) => Err(FaultFileError::Invalid { path: path.to_owned(), cause }),
            None => Ok(faults),
        }
    }

    pub(crate) fn concerns(&self, client: Option<ClientId>) -> bool {
        self.client.is_none_or(|own| client == Some(ClientId(own)))
    }

    pub(crate) fn concerns_order(&self, client: ClientId, order: OrderId) -> bool {
        self.concerns(Some(client)) && self.order.is_none_or(|own| own == order.0)
    }

    pub(crate) fn ms_or(&self, default: i64) -> i64 {
        self.ms.map_or(default, |ms| i64::try_from(ms).unwrap_or(i64::MAX))
    }

    pub(crate) fn number_or(&self, default: i64) -> i64 {
        self.number.unwrap_or(default)
    }

    pub(crate) fn text_or<'a>(&'a self, default: &'a str) -> &'a str {
        self.text.as_deref().unwrap_or(default)
    }

    fn said(&self) -> impl Iterator<Item = Parameter> {
        let Self {
            switch: _,
            client,
            order,
            instrument,
            rate,
            count,
            for_ms,
            ms,
            number,
            bytes,
            code,
            quantity,
            price,
            text,
        } = self;
        [
            client.map(|_| Parameter::Client),
            order.map(|_| Parameter::Order),
            instrument.as_ref().map(|_| Parameter::Instrument),
            rate.map(|_| Parameter::Rate),
            count.map(|_| Parameter::Count),
            for_ms.map(|_| Parameter::ForMs),
            ms.map(|_| Parameter::Ms),
            number.map(|_| Parameter::Number),
            bytes.map(|_| Parameter::Bytes),
            code.map(|_| Parameter::Code),
            quantity.map(|_| Parameter::Quantity),
            price.map(|_| Parameter::Price),
            text.as_ref().map(|_| Parameter::Text),
        ]
        .into_iter()
        .flatten()
    }
}

/// `23:45` as minutes since midnight.
pub(crate) fn time_of_day(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 60 + minutes)
}

/// The bytes that pairs of hexadecimal digits spell; spaces between them are allowed.
pub(crate) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| char::from(byte).to_digit(16))
        .try_fold(Vec::new(), |mut digits, digit| {
            digits.push(u8::try_from(digit?).ok()?);
            Some(digits)
        })?;
    let whole = !digits.is_empty() && digits.len().is_multiple_of(2);
    whole.then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Fault, &str>) {
        let fault = toml::from_str::<Fault>(text).map_err(|error| error.message().to_owned());
        let fault = fault.and_then(|fault| fault.check().map_err(|error| error.to_string()).map(|()| fault));
        assert_eq!(fault, expected.map_err(str::to_owned));
        if let Ok(fault) = fault {
            let json = serde_json::to_string(&fault).unwrap();
            assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault);
        }
    }

    #[test]
    fn faults_are_read_and_checked() {
        check(
            "fault = \"missing-status\"\nrate = 0.3\nclient = 1",
            Ok(Fault::new(Switch::MissingStatus).rate(0.3).client(1)),
        );
        let sale = Fault::new(Switch::ManualOrder).instrument("IBM").quantity(Decimal::new(-5, 1));
        check("fault = \"manual-order\"\ninstrument = \"IBM\"\nquantity = -0.5", Ok(sale));
        check("fault = \"missing-status\"\nrate = 1.5", Err("the rate of missing-status must be between 0 and 1"));
        check("fault = \"drop\"\nrate = 0.5", Err("drop does not take rate; it takes client"));
        check("fault = \"correction\"\nquantity = 1e9", Err("correction needs a quantity of no more than 100000000"));
        check(
            "fault = \"correction\"\nprice = \"-1000000000000000000000000\"",
            Err("correction needs a price of no more than 10000000"),
        );
        check("fault = \"raw\"\ntext = \"0\"", Err("raw needs a text of hexadecimal digits, two for each byte"));
        check("fault = \"raw\"\ntext = \"00 fF\"", Ok(Fault::new(Switch::Raw).text("00 fF")));
        check(
            "fault = \"drop-mid-frame\"\nnumber = 2\nbytes = 9",
            Ok(Fault::new(Switch::DropMidFrame).number(2).bytes(9)),
        );
        check(
            "fault = \"daily-restart\"\ntext = \"25:00\"",
            Err("daily-restart needs a time of the day such as 23:45"),
        );
    }

    #[test]
    fn hexadecimal_digits_are_bytes() {
        assert_eq!(hexadecimal("00 fFa0"), Some(vec![0, 255, 160]));
        assert_eq!(hexadecimal("0"), None);
        assert_eq!(hexadecimal("xy"), None);
        assert_eq!(hexadecimal(""), None);
    }
}
