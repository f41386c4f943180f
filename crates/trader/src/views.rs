//! The journal as tables for people: `sqlite3 trader.db 'select * from fills'` is the drop copy.
//!
//! Quantities and amounts are exact decimals as text; sums that SQLite makes of them are binary floats, good for a look.

use journal::View;

/// Every view of a trader's journal.
pub(crate) const VIEWS: &[View] = &[
    View { name: "orders", select: ORDERS },
    View { name: "fills", select: FILLS },
    View { name: "positions", select: POSITIONS },
    View { name: "audit", select: AUDIT },
];

/// The newest state of every order, by the word that [`order::State::name`] has for it.
const ORDERS: &str = "
    SELECT o.intent AS intent, l.label AS label,
        o.body->>'$.order_id' AS order_id, o.body->>'$.strategy' AS strategy, o.body->>'$.account' AS account,
        o.body->>'$.symbol' AS symbol, o.body->>'$.side' AS side,
        CASE o.body->>'$.state.working'
            WHEN 'pending' THEN 'pending' WHEN 'pre_submitted' THEN 'presubmitted'
            WHEN 'cancel_pending' THEN 'cancel pending' WHEN 'filled_unproven' THEN 'filled, unproven'
            ELSE CASE json_type(o.body, '$.state')
                WHEN 'text' THEN o.body->>'$.state' ELSE (SELECT key FROM json_each(o.body, '$.state')) END
        END AS state,
        o.body->>'$.quantity' AS quantity, o.body->>'$.filled' AS filled, o.body->>'$.working' AS working,
        o.body->>'$.unknown' AS unknown, o.body->>'$.cancelled' AS cancelled,
        o.body->>'$.average_price' AS average_price, o.body->>'$.reason' AS reason, o.sequence AS sequence
    FROM (SELECT payload->>'$.order_state.intent' AS intent, payload->'$.order_state' AS body, max(sequence) AS sequence
          FROM records WHERE kind = 'order_state' GROUP BY 1) o
    LEFT JOIN (SELECT pair.value->>0 AS label, pair.value->>1 AS intent
               FROM records, json_each(payload, '$.labelled.labels') pair WHERE kind = 'labelled') l ON l.intent = o.intent";

/// Every fill at its highest revision, with what it cost: of the costs told for one revision the newest, as in the books.
const FILLS: &str = "
    SELECT f.root || CASE f.revision WHEN 0 THEN '' ELSE printf('.%02d', f.revision) END AS exec_id, f.revision AS revision,
        f.body->>'$.intent' AS intent, f.body->>'$.strategy' AS strategy, f.body->>'$.account' AS account,
        f.body->>'$.contract.contract_id' AS contract_id, f.body->>'$.contract.symbol' AS symbol,
        f.body->>'$.side' AS side, f.body->>'$.quantity' AS quantity, f.body->>'$.price' AS price,
        f.body->>'$.broker_time' AS broker_time, f.body->>'$.is_inferred' AS is_inferred,
        c.amount AS commission, c.currency AS commission_currency, f.sequence AS sequence
    FROM (SELECT payload->>'$.fill.root' AS root, max(payload->>'$.fill.revision') AS revision, payload->'$.fill' AS body, sequence
          FROM records WHERE kind = 'fill' GROUP BY 1) f
    LEFT JOIN (SELECT payload->>'$.commission.root' AS root, max((payload->>'$.commission.revision') * 4294967296 + sequence),
                      payload->>'$.commission.amount' AS amount, payload->>'$.commission.currency' AS currency
               FROM records WHERE kind = 'commission' GROUP BY 1) c ON c.root = f.root";

/// What every account holds, as of the last change.
const POSITIONS: &str = "
    SELECT payload->>'$.position.account' AS account, payload->>'$.position.contract_id' AS contract_id,
        payload->>'$.position.symbol' AS symbol, payload->>'$.position.currency' AS currency,
        payload->>'$.position.quantity' AS quantity, payload->>'$.position.cost' AS cost,
        payload->>'$.position.realised' AS realised, max(sequence) AS sequence
    FROM records WHERE kind = 'position' GROUP BY 1, 2";

/// Everything, in its order.
const AUDIT: &str = "
    SELECT sequence, strftime('%Y-%m-%dT%H:%M:%fZ', wall_us / 1000000.0, 'unixepoch') AS wall_time, kind, payload
    FROM records ORDER BY sequence";

#[cfg(test)]
mod tests {
    use journal::{Entry, Journal, Options, Stamps};
    use order::state::{Acknowledgement, Stage, State};
    use rusqlite::Connection;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_is_its_word() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE records(sequence, kind, payload)").unwrap();
        let stages = [
            Stage::Pending,
            Stage::PreSubmitted,
            Stage::Submitted,
            Stage::CancelPending,
            Stage::FilledUnproven,
            Stage::Warned,
            Stage::Strange("Sleeping".to_owned()),
        ];
        let unknown = [Acknowledgement::Seen, Acknowledgement::Awaited].map(State::Unknown);
        let ends = [State::Filled, State::Cancelled, State::Rejected, State::Expired, State::Lost];
        let others = [State::Sent, State::Held, State::Suspended];
        let states = stages.map(State::Working).into_iter().chain(unknown).chain(ends).chain(others);
        for (sequence, state) in (1_i64..).zip(states) {
            let body = json!({"order_state": {"intent": sequence.to_string(), "state": state}});
            let row = (sequence, "order_state", body.to_string());
            connection.execute("INSERT INTO records VALUES (?1, ?2, ?3)", row).unwrap();
            let select = format!("SELECT state FROM ({ORDERS}) WHERE sequence = ?1");
            let word: String = connection.query_row(&select, [sequence], |row| row.get(0)).unwrap();
            assert_eq!(word, state.name(), "{state:?}");
        }
    }

    #[test]
    fn the_newest_cost_of_a_fill_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let mut journal = Journal::open(&path, Options::new("trader").views(VIEWS)).unwrap();
        let entry = |kind: &str, body| Entry::new(kind, &json!({ kind: body })).unwrap();
        let cost = |revision, amount: &str| {
            entry("commission", json!({ "root": "a", "revision": revision, "amount": amount, "currency": "USD" }))
        };
        // TWS tells another amount for the same revision, and then again that of an older one.
        let told =
            [entry("fill", json!({ "root": "a", "revision": 2 })), cost(2, "1.05"), cost(2, "2.00"), cost(1, "3.00")];
        journal.append(Stamps::default(), &told).unwrap();
        let mut out = Vec::new();
        let reader = journal::Reader::open(&path, &Options::new("trader")).unwrap();
        reader.write_json_lines("fills", &mut out).unwrap();
        let row: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&row["exec_id"], &row["commission"]), (&"a.02".into(), &"2.00".into()));
    }
}
