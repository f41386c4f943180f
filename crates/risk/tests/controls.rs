//! Every control at its limit, just below and just above it.

use order::{Distance, Hours, Intent, IntentId, OrderKind, Side, TimeInForce, Timestamp};
use position::{Fill, Instrument, InstrumentError, Ledger};
use risk::{AllowList, ArmingError, Limits, OpenOrders, Purpose, Quote, Refusal, RiskGate, TradingMode, WithoutQuote};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::kinds::SecurityType;

const IBM: ContractId = ContractId(8314);
const MILLISECOND: i64 = 1_000;

// Every text in these tests is a literal number.
fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn limits() -> Limits {
    Limits {
        accounts: ["DU1".to_owned()].into(),
        symbols: AllowList::only(["IBM"]),
        security_types: AllowList::only(["STK"]),
        order_quantity_max: Some(decimal("100")),
        order_value_max: Some(decimal("10000")),
        position_max: Some(decimal("250")),
        orders_per_second_strategy: 2,
        orders_per_second: 3,
        ..Limits::default()
    }
}

fn contract() -> Contract {
    Contract { contract_id: Some(IBM), ..Contract::stock("IBM", "USD") }
}

/// A market, an account and a gate at the time of one second.
struct Scene {
    limits: Limits,
    /// At time zero; its middle is 100.
    quote: Option<Quote>,
    held: &'static str,
    open: OpenOrders,
    purpose: Purpose,
    now: Timestamp,
    intent: Intent,
    prepare: fn(&mut RiskGate),
}

impl Default for Scene {
    fn default() -> Self {
        let quote = Quote { bid: Some(decimal("99")), ask: Some(decimal("101")), last: Some(decimal("98")) };
        Self {
            limits: limits(),
            quote: Some(quote),
            held: "0",
            open: OpenOrders::default(),
            purpose: Purpose::Place,
            now: Timestamp(1_000 * MILLISECOND),
            intent: intent(Side::Buy, "10", OrderKind::Limit { limit_price: decimal("100") }),
            prepare: |_| (),
        }
    }
}

fn intent(side: Side, quantity: &str, kind: OrderKind) -> Intent {
    Intent {
        id: IntentId(1),
        strategy: "mean".into(),
        account: "DU1".into(),
        contract: contract().into(),
        side,
        quantity: decimal(quantity),
        kind,
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,

        extension: None,
    }
}

fn ledger_with(held: Decimal) -> Ledger {
    let mut ledger = Ledger::default();
    if held.is_zero() {
        return ledger;
    }
    let fill = Fill {
        key: "before".into(),
        revision: 1,
        account: "DU1".into(),
        strategy: None,
        instrument: Instrument::stock(IBM, "IBM", "USD"),
        side: if held < Decimal::ZERO { position::Side::Sell } else { position::Side::Buy },
        quantity: held.abs(),
        price: decimal("100"),
        time_us: 0,
    };
    ledger.apply(&fill).unwrap(); // a sound fill
    ledger
}

fn judge(scene: &Scene) -> Result<(), Refusal> {
    let mut gate = RiskGate::new(scene.limits.clone()).unwrap(); // every scene has sound limits
    if let Some(quote) = scene.quote {
        gate.quote(IBM, quote, Timestamp(0));
    }
    (scene.prepare)(&mut gate);
    gate.at(scene.now, &ledger_with(decimal(scene.held))).judge(&scene.intent, &scene.open, scene.purpose)
}

/// What the change of the usual scene leads to: empty for a pass, else the text of the refusal.
#[track_caller]
fn check(change: impl FnOnce(&mut Scene), expected: &str) {
    let mut scene = Scene::default();
    change(&mut scene);
    match judge(&scene) {
        Ok(()) => assert_eq!("", expected),
        Err(refusal) => {
            assert_eq!(refusal.to_string(), expected);
            assert_eq!(expected.split(' ').next(), Some(refusal.control()));
        }
    }
}

fn limit(side: Side, quantity: &str, price: &str) -> Intent {
    intent(side, quantity, OrderKind::Limit { limit_price: decimal(price) })
}

#[test]
fn c1_order_quantity() {
    check(|_| (), "");
    check(|scene| scene.intent = limit(Side::Buy, "99.9", "10"), "");
    check(|scene| scene.intent = limit(Side::Buy, "100", "10"), "");
    check(
        |scene| scene.intent = limit(Side::Buy, "100.1", "10"),
        "C1 order quantity: asked 100.1, limit 100; ask for less",
    );
    check(|scene| scene.intent.quantity = Decimal::ZERO, "C1 order quantity: asked 0; ask for more than zero");
    check(|scene| scene.intent.quantity = decimal("-5"), "C1 order quantity: asked -5; ask for more than zero");
}

#[test]
fn c1_order_value() {
    let beyond = |asked: &str| format!("C1 order value: asked {asked} USD, limit 10000; ask for less");
    check(|scene| scene.intent = limit(Side::Buy, "100", "99.99"), "");
    check(|scene| scene.intent = limit(Side::Buy, "100", "100"), "");
    check(|scene| scene.intent = limit(Side::Buy, "100", "100.01"), &beyond("10001.00"));
    // A sale at the market or better is worth what the market pays.
    check(|scene| scene.intent = limit(Side::Sell, "100", "99"), "");
    check(
        |scene| {
            scene.intent = limit(Side::Sell, "100", "99");
            scene.quote = Some(Quote { bid: Some(decimal("100.5")), ask: Some(decimal("100.5")), last: None });
        },
        &beyond("10050.0"),
    );
    // Where no quote is fresh, at the most that is known: 100 as the position came in, or the last quote.
    let one = || decimal("1");
    let triggered = OrderKind::StopLimit { stop_price: one(), limit_price: one() };
    for kind in [OrderKind::Limit { limit_price: one() }, OrderKind::Stop { stop_price: one() }, triggered] {
        let sale = |quantity: &str, held: &'static str, age_ms: Option<i64>, expected: &str| {
            check(
                |scene| {
                    scene.limits.order_quantity_max = Some(decimal("1000"));
                    (scene.intent, scene.held) = (intent(Side::Sell, quantity, kind.clone()), held);
                    match age_ms {
                        Some(age_ms) => scene.now = Timestamp(age_ms * MILLISECOND),
                        None => scene.quote = None,
                    }
                },
                expected,
            );
        };
        sale("101", "200", None, &beyond("10100"));
        sale("100", "200", None, "");
        sale("101", "200", Some(10_001), &beyond("10100"));
        sale("101", "0", Some(10_001), "");
        sale("102", "0", Some(10_001), &beyond("10098"));
        // Where nothing is known, an order says itself what it is worth.
        sale("200", "0", None, "");
    }
    check(|scene| scene.intent = intent(Side::Buy, "99", OrderKind::Market), "");
    check(|scene| scene.intent = intent(Side::Buy, "100", OrderKind::Market), &beyond("10100"));
    check(|scene| scene.intent = intent(Side::Sell, "100", OrderKind::Market), "");
    let stop = |side, stop_price| intent(side, "100", OrderKind::Stop { stop_price: decimal(stop_price) });
    check(|scene| scene.intent = stop(Side::Buy, "110"), &beyond("11000"));
    check(|scene| scene.intent = stop(Side::Sell, "90"), "");
    let stop_limit = OrderKind::StopLimit { stop_price: decimal("102"), limit_price: decimal("101") };
    check(|scene| scene.intent = intent(Side::Buy, "100", stop_limit), &beyond("10200"));
    let trail = OrderKind::Trail { distance: Distance::Percent(Decimal::ONE), stop_price: None };
    check(|scene| scene.intent = intent(Side::Buy, "100", trail), &beyond("10100"));
    // What a negative price pays out is money too, and the multiplier counts.
    check(
        |scene| {
            scene.quote = None;
            scene.intent = limit(Side::Buy, "3", "-40");
            scene.intent.contract_mut().multiplier = Some(Decimal::ONE_HUNDRED);
        },
        &beyond("12000"),
    );
    check(
        |scene| {
            scene.intent = limit(Side::Buy, "3", "40");
            scene.intent.contract_mut().multiplier = Some(Decimal::ONE_HUNDRED);
        },
        &beyond("12000"),
    );
    check(|scene| scene.intent.contract_mut().currency = "EUR".to_owned(), "");
    let only_dollars = |limits: &mut Limits| {
        limits.order_value_max = None;
        limits.order_value_max_by_currency.insert("USD".to_owned(), decimal("999"));
    };
    check(|scene| only_dollars(&mut scene.limits), "C1 order value: asked 1000 USD, limit 999; ask for less");
    check(
        |scene| {
            only_dollars(&mut scene.limits);
            scene.intent.contract_mut().currency = "EUR".to_owned();
        },
        "C1 order value: no limit is set for EUR; set one to trade in it",
    );
    check(
        |scene| {
            scene.limits.without_quote = WithoutQuote::Allow;
            scene.quote = None;
            scene.intent = intent(Side::Buy, "1", OrderKind::Market);
        },
        "C1 order value: no price is known for contract 8314; wait for a quote or set a limit price",
    );
    check(
        |scene| scene.intent.kind = OrderKind::Limit { limit_price: Decimal::MAX },
        "C1 order value: an amount is beyond what a decimal holds; ask for less",
    );
}

#[test]
fn c2_price_collar() {
    let beyond = |asked: &str, limit: &str, reference: &str| {
        format!("C2 price collar: price {asked} is beyond {limit}, 5 % from {reference}; ask for a price nearer to it")
    };
    check(|scene| scene.intent = limit(Side::Buy, "1", "104.99"), "");
    check(|scene| scene.intent = limit(Side::Buy, "1", "105"), "");
    check(|scene| scene.intent = limit(Side::Buy, "1", "105.01"), &beyond("105.01", "105", "100"));
    check(|scene| scene.intent = limit(Side::Buy, "1", "0.01"), "");
    check(|scene| scene.intent = limit(Side::Sell, "1", "95.01"), "");
    check(|scene| scene.intent = limit(Side::Sell, "1", "95"), "");
    check(|scene| scene.intent = limit(Side::Sell, "1", "94.99"), &beyond("94.99", "95", "100"));
    check(|scene| scene.intent = limit(Side::Sell, "1", "9999"), "");
    // A market order into a wide market pays too much.
    let quote = |bid: &str, ask: &str| Some(Quote { bid: Some(decimal(bid)), ask: Some(decimal(ask)), last: None });
    let market = |side| intent(side, "1", OrderKind::Market);
    check(|scene| (scene.quote, scene.intent) = (quote("95", "105"), market(Side::Buy)), "");
    check(|scene| (scene.quote, scene.intent) = (quote("94", "106"), market(Side::Buy)), &beyond("106", "105", "100"));
    check(|scene| (scene.quote, scene.intent) = (quote("94", "106"), market(Side::Sell)), &beyond("94", "95", "100"));
    // A stop limit is held against its own trigger, a stop waits away from the market by nature.
    let stop_limit = |side, limit_price| {
        intent(side, "1", OrderKind::StopLimit { stop_price: decimal("200"), limit_price: decimal(limit_price) })
    };
    check(|scene| scene.intent = stop_limit(Side::Buy, "210"), "");
    check(|scene| scene.intent = stop_limit(Side::Buy, "210.01"), &beyond("210.01", "210", "200"));
    check(|scene| scene.intent = stop_limit(Side::Sell, "189.99"), &beyond("189.99", "190", "200"));
    check(|scene| scene.intent = intent(Side::Sell, "1", OrderKind::Stop { stop_price: decimal("50") }), "");
}

#[test]
fn c2_missing_and_old_quotes() {
    let none = "C2 price collar: contract 8314 has no quote; subscribe to its market data and wait for a quote";
    let old = "C2 price collar: contract 8314 has a quote 10001 ms old, limit 10000 ms; \
               subscribe to its market data and wait for a quote";
    let market = || intent(Side::Buy, "1", OrderKind::Market);
    let far = || limit(Side::Buy, "1", "105.01");
    let at = |milliseconds: i64| Timestamp(milliseconds * MILLISECOND);
    check(|scene| (scene.now, scene.intent) = (at(10_000), market()), "");
    check(|scene| (scene.now, scene.intent) = (at(10_001), market()), old);
    check(|scene| (scene.now, scene.intent) = (at(-10_001), market()), old);
    check(|scene| (scene.quote, scene.intent) = (None, market()), none);
    check(|scene| (scene.quote, scene.intent) = (Some(Quote::default()), market()), none);
    check(|scene| (scene.prepare, scene.intent) = (|gate: &mut RiskGate| gate.forget_quote(IBM), market()), none);
    check(|scene| (scene.now, scene.intent) = (at(10_001), far()), "");
    let with = |policy: WithoutQuote, intent: Intent, expected: &str| {
        check(
            |scene| {
                scene.limits.without_quote = policy;
                scene.now = at(10_001);
                scene.intent = intent;
            },
            expected,
        );
    };
    with(WithoutQuote::RefuseAll, far(), old);
    with(WithoutQuote::RefuseMarket, intent(Side::Sell, "1", OrderKind::Stop { stop_price: decimal("50") }), "");
    with(WithoutQuote::Allow, market(), "");
}

#[test]
fn c3_order_rates() {
    let strategy = "C3 order rate: strategy mean sent 2 orders within a second, limit 2; slow down";
    let total = "C3 order rate: 3 orders were sent within a second, limit 3; slow down";
    fn accept(gate: &mut RiskGate, strategy: &str, milliseconds: i64) {
        // Of a price of its own, so that it is nobody's duplicate.
        let mut accepted = limit(Side::Buy, "1", &(50 + milliseconds).to_string());
        accepted.strategy = strategy.into();
        gate.accepted(&accepted, Timestamp(milliseconds * MILLISECOND));
    }
    check(|scene| scene.prepare = |gate| accept(gate, "mean", 1), "");
    check(|scene| scene.prepare = |gate| [1, 999].into_iter().for_each(|at| accept(gate, "mean", at)), strategy);
    // At one second, what was sent at zero is over.
    check(|scene| scene.prepare = |gate| [0, 999].into_iter().for_each(|at| accept(gate, "mean", at)), "");
    check(|scene| scene.prepare = |gate| [1, 2].into_iter().for_each(|at| accept(gate, "trend", at)), "");
    check(
        |scene| {
            scene.prepare = |gate| {
                [1, 2].into_iter().for_each(|at| accept(gate, "trend", at));
                accept(gate, "third", 3);
            }
        },
        total,
    );
    check(
        |scene| {
            scene.prepare = |gate| {
                [0, 2].into_iter().for_each(|at| accept(gate, "trend", at));
                accept(gate, "third", 3);
            }
        },
        "",
    );
    // A clock that was set back by an hour does not stop trading for an hour.
    check(
        |scene| scene.prepare = |gate| [3_600_000, 3_600_001].into_iter().for_each(|at| accept(gate, "mean", at)),
        "",
    );
}

#[test]
fn c3_counts_the_legs_of_one_submission() {
    let mut gate = RiskGate::new(limits()).unwrap(); // sound limits
    gate.quote(IBM, Quote { last: Some(decimal("100")), ..Quote::default() }, Timestamp(0));
    let ledger = Ledger::default();
    let check = gate.at(Timestamp(0), &ledger);
    let leg = limit(Side::Buy, "1", "100");
    assert_eq!(check.judge(&leg, &OpenOrders::default(), Purpose::Place), Ok(()));
    assert_eq!(check.judge(&leg, &OpenOrders::default(), Purpose::Place), Ok(()));
    let refusal = Refusal::StrategyRate { strategy: "mean".to_owned(), have: 2, limit: 2 };
    assert_eq!(check.judge(&leg, &OpenOrders::default(), Purpose::Place), Err(refusal));
    assert_eq!(
        gate.at(Timestamp(0), &ledger).judge(&leg, &OpenOrders::default(), Purpose::Place),
        Ok(()),
        "nothing was accepted"
    );
}

#[test]
fn c4_duplicates() {
    let refusal = "C4 duplicate: the same order was accepted 999 ms ago, window 1000 ms; if two are meant, wait";
    let same = |gate: &mut RiskGate| gate.accepted(&Scene::default().intent, Timestamp(MILLISECOND));
    check(|scene| scene.prepare = same, refusal);
    check(|scene| (scene.prepare, scene.now) = (same, Timestamp(1_001 * MILLISECOND)), "");
    let changed = |change: fn(&mut Intent), expected: &str| {
        check(
            |scene| {
                scene.prepare = same;
                change(&mut scene.intent);
            },
            expected,
        );
    };
    changed(|intent| intent.id = IntentId(2), refusal);
    changed(|intent| intent.strategy = "trend".into(), refusal);
    changed(|intent| intent.time_in_force = TimeInForce::GoodTillCancelled, refusal);
    changed(|intent| intent.quantity = decimal("10.00"), refusal);
    changed(|intent| intent.quantity = decimal("11"), "");
    changed(|intent| intent.side = Side::Sell, "");
    changed(|intent| intent.kind = OrderKind::Limit { limit_price: decimal("100.01") }, "");
    changed(|intent| intent.kind = OrderKind::Market, "");
    changed(|intent| intent.contract_mut().contract_id = Some(ContractId(1)), "");
}

#[test]
fn c6_position() {
    let refusal = |asked: &str, have: &str, pending: &str| {
        format!(
            "C6 position: asked {asked} on top of {have} held and {pending} in open orders, limit 250; \
             cancel, close or ask for less"
        )
    };
    let row = |side: Side, quantity: &str, held: &'static str, open: &str, expected: &str| {
        check(
            |scene| {
                scene.intent = limit(side, quantity, "100");
                scene.held = held;
                scene.open = OpenOrders { count: 1, quantity: decimal(open), ..OpenOrders::default() };
            },
            expected,
        );
    };
    row(Side::Buy, "50", "100", "99", "");
    row(Side::Buy, "50", "100", "100", "");
    row(Side::Buy, "50", "100", "101", &refusal("50", "100", "101"));
    row(Side::Sell, "50", "-100", "100", "");
    row(Side::Sell, "50", "-100", "101", &refusal("-50", "-100", "-101"));
    row(Side::Sell, "100", "100", "251", &refusal("-100", "100", "-251"));
    // What makes a position smaller passes, however big it is.
    row(Side::Sell, "100", "1000", "0", "");
    row(Side::Buy, "100", "-1000", "0", "");
    row(Side::Buy, "1", "1000", "0", &refusal("1", "1000", "0"));
}

#[test]
fn a_change_counts_what_is_not_filled_and_is_no_duplicate() {
    let change = |filled: &str, held: &'static str, expected: &str| {
        check(
            |scene| {
                scene.purpose = Purpose::Change { filled: decimal(filled), open: Decimal::ZERO };
                scene.intent = limit(Side::Buy, "100", "100");
                scene.held = held;
                scene.prepare = |gate| gate.accepted(&limit(Side::Buy, "100", "100"), Timestamp(MILLISECOND));
            },
            expected,
        );
    };
    change("0", "150", "");
    change("40", "190", "");
    change(
        "40",
        "191",
        "C6 position: asked 60 on top of 191 held and 0 in open orders, limit 250; cancel, close or ask for less",
    );
}

#[test]
fn c6_open_orders() {
    let with = |count| move |scene: &mut Scene| scene.open.count = count;
    check(with(13), "");
    check(with(14), "");
    check(with(15), "C6 open orders: 15 of 15 of this contract and side are open; cancel one first");
    check(with(99), "C6 open orders: 99 of 15 of this contract and side are open; cancel one first");
}

#[test]
fn c8_names() {
    check(
        |scene| scene.intent.account = "DU2".into(),
        "C8 accounts: DU2 is not among the allowed accounts; trade one of those or change `accounts`",
    );
    check(
        |scene| scene.intent.contract_mut().symbol = "ibm".to_owned(),
        "C8 symbols: ibm is not among the allowed symbols; change `symbols` to trade it",
    );
    check(
        |scene| {
            scene.limits.symbols = AllowList::Any;
            scene.intent.contract_mut().symbol = "SPY".to_owned();
        },
        "",
    );
    check(
        |scene| scene.intent.contract_mut().security_type = Some(SecurityType::Option),
        "C8 security types: OPT is not among the allowed kinds; change `security_types` to trade it",
    );
    check(
        |scene| scene.intent.contract_mut().security_type = None,
        "C8 security types:  is not among the allowed kinds; change `security_types` to trade it",
    );
    check(
        |scene| scene.intent.contract_mut().contract_id = None,
        &format!("C8 contract: {}", InstrumentError::NoContractId),
    );
    check(
        |scene| {
            scene.limits.security_types = AllowList::Any;
            scene.intent.contract_mut().security_type = Some(SecurityType::Combination);
        },
        "C8 combination: IBM names no legs, and its risk is that of its legs; name them in the contract",
    );
    check(
        |scene| {
            scene.held = "1";
            scene.intent.contract_mut().multiplier = Some(Decimal::TEN);
        },
        "C8 contract: 8314 trades in USD with multiplier 1, the order says USD with 10; ask for contract details",
    );
}

fn live_limits() -> Limits {
    let accounts = ["U1".to_owned()];
    let daily_loss_max = Some(decimal("1000"));
    Limits {
        mode: TradingMode::Live,
        accounts: accounts.clone().into(),
        live_accounts: accounts.into(),
        daily_loss_max,
        exchanges: Some(AllowList::only(["SMART"])),
        gross_exposure_max: daily_loss_max,
        net_exposure_max: daily_loss_max,
        ..limits()
    }
}

#[test]
fn c8_paper_and_live_do_not_mix() {
    check(
        |scene| scene.intent.account = "U1".into(),
        "C8 paper interlock: U1 is not a paper account and the mode is paper; use a paper login",
    );
    let live = |account: &'static str, expected: &str| {
        check(
            |scene| {
                scene.limits = live_limits();
                scene.intent.account = account.into();
                scene.prepare = |gate| gate.arm("ops", Timestamp(i64::from(u32::MAX)), Timestamp(0)).unwrap(); // within a day
            },
            expected,
        );
    };
    live("U1", "");
    live("DU1", "C8 live interlock: DU1 is not in `live_accounts`; name it there or trade one of those");
}

#[test]
fn c11_the_kill_switch_comes_first() {
    let killed = "C11 kill switch: ops stopped all trading: odd prices; a person must re-arm";
    check(|scene| scene.prepare = |gate| gate.kill("ops", "odd prices"), killed);
    check(
        |scene| {
            scene.intent.account = "U1".into();
            scene.intent.quantity = Decimal::MAX;
            scene.prepare = |gate| {
                gate.kill("ops", "odd prices");
                gate.kill("late", "later");
            };
        },
        killed,
    );
    check(
        |scene| {
            scene.prepare = |gate| {
                gate.kill("ops", "odd prices");
                assert_eq!(gate.rearm(" "), None, "nobody cannot re-arm");
            }
        },
        killed,
    );
    check(
        |scene| {
            scene.prepare = |gate| {
                gate.kill("ops", "odd prices");
                assert_eq!(gate.killed().map(|kill| kill.by.as_str()), Some("ops"));
                assert_eq!(gate.rearm("boss").map(|kill| kill.reason).as_deref(), Some("odd prices"));
                assert_eq!((gate.rearm("boss"), gate.killed()), (None, None));
            }
        },
        "",
    );
}

#[test]
fn c11_an_arming_that_has_run_out_keeps_nobody_from_the_way_out() {
    let live = |is_armed: bool, quantity: &'static str, others: &str, expected: &str| {
        check(
            |scene| {
                let accounts = ["DU1".to_owned()];
                scene.limits =
                    Limits { accounts: accounts.clone().into(), live_accounts: accounts.into(), ..live_limits() };
                scene.held = "10";
                scene.open.quantity = decimal(others);
                scene.intent = intent(Side::Sell, quantity, OrderKind::Limit { limit_price: decimal("100") });
                if is_armed {
                    scene.prepare = |gate| gate.arm("ops", Timestamp(1_000_000), Timestamp(0)).unwrap(); // until now
                }
            },
            expected,
        );
    };
    let over = "C11 arming: live trading is not armed any more; a person must arm it";
    live(true, "10", "0", "");
    live(true, "4", "6", "");
    live(true, "4", "7", over);
    live(true, "11", "0", over);
    live(false, "10", "0", "C11 arming: live trading is not armed; a person must arm it");
}

#[test]
fn c11_live_trading_needs_arming() {
    let live = |prepare: fn(&mut RiskGate), expected: &str| {
        check(
            |scene| {
                scene.limits = live_limits();
                scene.intent.account = "U1".into();
                scene.prepare = prepare;
            },
            expected,
        );
    };
    // The scene is at one second.
    live(|_| (), "C11 arming: live trading is not armed; a person must arm it");
    live(|gate| gate.arm("ops", Timestamp(1_000_001), Timestamp(0)).unwrap(), ""); // within a day
    live(
        |gate| gate.arm("ops", Timestamp(1_000_000), Timestamp(0)).unwrap(), // within a day
        "C11 arming: live trading is not armed any more; a person must arm it",
    );
    let mut gate = RiskGate::new(live_limits()).unwrap(); // sound limits
    let day = 24 * 60 * 60 * 1_000 * MILLISECOND;
    for (by, until, expected) in [
        (" ", 1, Err(ArmingError::Nobody)),
        ("ops", 0, Err(ArmingError::OutOfRange { until: Timestamp(0) })),
        ("ops", day + 1, Err(ArmingError::OutOfRange { until: Timestamp(day + 1) })),
        ("ops", day, Ok(())),
    ] {
        assert_eq!(gate.arm(by, Timestamp(until), Timestamp(0)), expected);
    }
    assert_eq!(gate.arming().map(|arming| arming.until), Some(Timestamp(day)));
}
