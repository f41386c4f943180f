//! [`DepthBook`]: the rows of a stream of depth, put together.

use tws_proto::kinds::{BookSide, DepthOperation};
use tws_proto::message::DepthRow;

use super::DepthUpdate;
use crate::stream::Update;

/// TWS emptied its book; rows follow anew.
const BOOK_RESET: i32 = 317;
/// Rows of one side; TWS gives 5 to 60.
const ROWS_MAX: usize = 1000;

/// The book of one stream of depth: give it every update, in order.
///
/// ```no_run
/// # async fn example(client: tws_client::Client) -> Result<(), tws_client::RequestError> {
/// use tws_client::feed::DepthBook;
/// use tws_proto::Contract;
///
/// let mut depth = client.depth(&Contract::stock("AAPL", "USD"), 5)?;
/// let mut book = DepthBook::default();
/// while let Some(update) = depth.recv().await {
///     book.take(&update);
///     println!("{:?} {:?}", book.bids().first(), book.asks().first());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DepthBook {
    bids: Vec<DepthRow>,
    asks: Vec<DepthRow>,
    is_sound: bool,
}

impl Default for DepthBook {
    fn default() -> Self {
        Self { bids: Vec::new(), asks: Vec::new(), is_sound: true }
    }
}

impl DepthBook {
    /// Takes the next update; a gap, an end and the notice that TWS emptied its book empty this one.
    pub fn take(&mut self, update: &Update<DepthUpdate>) {
        match update {
            Update::Data(DepthUpdate::Row(row)) => self.is_sound &= self.take_row(row).is_some(),
            Update::Data(DepthUpdate::Rerouted(_)) => {}
            Update::Notice(notice) if notice.code != BOOK_RESET => {}
            Update::Gap { .. } | Update::Notice(_) | Update::Ended(_) => *self = Self::default(),
        }
    }

    /// The bids, best first.
    #[must_use]
    pub fn bids(&self) -> &[DepthRow] {
        &self.bids
    }

    /// The asks, best first.
    #[must_use]
    pub fn asks(&self) -> &[DepthRow] {
        &self.asks
    }

    /// Whether every row had its place. Where one did not, TWS left something out: drop the stream and begin another.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// `None` where the row has no place in the book.
    fn take_row(&mut self, row: &DepthRow) -> Option<()> {
        let rows = match row.side? {
            BookSide::Bid => &mut self.bids,
            BookSide::Ask => &mut self.asks,
            BookSide::Other(_) => return None,
        };
        let place = usize::try_from(row.position?).ok()?;
        match row.operation? {
            DepthOperation::Insert if place <= rows.len() && rows.len() < ROWS_MAX => rows.insert(place, row.clone()),
            DepthOperation::Update => *rows.get_mut(place)? = row.clone(),
            DepthOperation::Delete if place < rows.len() => drop(rows.remove(place)),
            DepthOperation::Insert | DepthOperation::Delete | DepthOperation::Other(_) => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use tws_proto::message::Notice;

    use super::*;
    use crate::state::Epoch;

    fn row(operation: DepthOperation, position: i32, price: i64) -> Update<DepthUpdate> {
        let (operation, side) = (Some(operation), Some(BookSide::Bid));
        let price = Some(price.into());
        Update::Data(DepthUpdate::Row(DepthRow {
            position: Some(position),
            operation,
            side,
            price,
            ..Default::default()
        }))
    }

    #[track_caller]
    fn check(updates: &[Update<DepthUpdate>], prices: &[i64], is_sound: bool) {
        let mut book = DepthBook::default();
        updates.iter().for_each(|update| book.take(update));
        let found: Vec<i64> = book.bids().iter().map(|row| i64::try_from(row.price.unwrap()).unwrap()).collect();
        assert_eq!((found.as_slice(), book.is_sound()), (prices, is_sound));
        assert!(book.asks().is_empty());
    }

    #[test]
    fn rows_come_change_and_go_and_a_gap_empties_the_book() {
        use DepthOperation::{Delete, Insert, Update as Change};
        let notice = |code| Update::Notice(Notice { code, ..Notice::default() });
        let base = || vec![row(Insert, 0, 10), row(Insert, 1, 8), row(Insert, 1, 9)];
        let after = |more: Vec<Update<DepthUpdate>>| base().into_iter().chain(more).collect::<Vec<_>>();
        check(&base(), &[10, 9, 8], true);
        check(&after(vec![row(Change, 1, 7), row(Delete, 0, 0)]), &[7, 8], true);
        check(&after(vec![notice(2152)]), &[10, 9, 8], true);
        check(&after(vec![notice(317), row(Insert, 0, 5)]), &[5], true);
        check(&after(vec![Update::Gap { epoch: Epoch(2) }, row(Insert, 0, 5)]), &[5], true);
        for misfit in [row(Insert, 4, 1), row(Change, 3, 1), row(Delete, 3, 1), row(Insert, -1, 1)] {
            check(&after(vec![misfit.clone()]), &[10, 9, 8], false);
            check(&after(vec![misfit, notice(317)]), &[], true);
        }
    }
}
