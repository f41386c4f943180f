//! Tapes that are fed into the simulator, and what they showed: fills are held against them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use tws_proto::kinds::ExecutionSide;
use tws_sim::books::Fill;
use tws_sim::market::MarketEvent;
use tws_sim::tape::Tape;
use tws_sim::{Quote, SimTime};

/// Tapes by symbol.
#[derive(Default)]
pub(super) struct Tapes {
    by_symbol: BTreeMap<String, PathBuf>,
}

impl Tapes {
    /// Reads `SYMBOL=FILE` words; every file must be there.
    pub(super) fn read(words: &[String]) -> anyhow::Result<Self> {
        let mut by_symbol = BTreeMap::new();
        for word in words {
            let (symbol, path) =
                word.split_once('=')
                    .filter(|(symbol, path)| !symbol.is_empty() && !path.is_empty())
                    .with_context(|| format!("--replay is {word:?}; write SYMBOL=FILE, IBM=ibm.csv.gz for instance"))?;
            let path = PathBuf::from(path);
            ensure!(path.is_file(), "--replay {symbol}: there is no file {}; check the path", path.display());
            if by_symbol.insert(symbol.to_owned(), path).is_some() {
                bail!("--replay names {symbol} twice; one tape a symbol");
            }
        }
        Ok(Self { by_symbol })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_symbol.is_empty()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.by_symbol.iter().map(|(symbol, path)| (symbol.as_str(), path.as_path()))
    }

    /// The symbols to trade: those with tapes first, then the usual ones.
    pub(super) fn symbols(&self, usual: &[&str]) -> Vec<String> {
        // IBM is the one that is traded, where it is there.
        let mut symbols: Vec<String> = usual.iter().map(|symbol| (*symbol).to_owned()).collect();
        let taped = self.by_symbol.keys().filter(|symbol| !usual.contains(&symbol.as_str())).cloned();
        symbols.splice(0..0, taped);
        symbols.truncate(3.max(self.by_symbol.len()));
        symbols
    }

    /// Whether the tape showed each fill's price on the right side of the quote at the moment of the fill; every tape
    /// began at `start`. Each fill comes with the symbol of its contract. Says how many fills were looked at.
    pub(super) fn check(&self, fills: &[(String, Fill)], start: SimTime) -> anyhow::Result<usize> {
        let mut checked = 0;
        for (symbol, path) in self.files() {
            let mut tape = Tape::open(path, start)?;
            // What stood when the millisecond of the fill began, and what came within it.
            let mut shown: Vec<Quote> = Vec::new();
            for (_, fill) in fills.iter().filter(|(name, _)| name == symbol) {
                while let Some(time) = tape.next_time().filter(|time| *time <= fill.time) {
                    if let Some(MarketEvent::Quote(quote)) = tape.next_event() {
                        if time < fill.time {
                            shown.clear();
                        }
                        shown.push(quote);
                    }
                }
                let side = |quote: &Quote| match fill.side {
                    ExecutionSide::Bought => quote.ask,
                    ExecutionSide::Sold | ExecutionSide::Other(_) => quote.bid,
                };
                ensure!(
                    shown.iter().filter_map(side).any(|level| level.price == fill.price),
                    "{symbol} filled at {} on {}, which its tape did not show then",
                    fill.price,
                    fill.time.stamp()
                );
                checked += 1;
            }
        }
        Ok(checked)
    }
}

impl fmt::Display for Tapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbols: Vec<&str> = self.by_symbol.keys().map(String::as_str).collect();
        write!(f, "tapes of {}", symbols.join(", "))
    }
}
