//! Which contract is meant: remembered, shared, bounded; and chains of options without a storm of requests.

use std::time::Duration;

use tokio::task::JoinSet;
use tws_client::contracts::MemoryLimits;
use tws_client::{Client, Contracts, OptionChain, OptionFilter, RequestError, ResolveError, Strikes};
use tws_proto::Contract;
use tws_proto::kinds::{OptionRight, SecurityType};
use tws_sim::Switch;

use crate::world::{SECOND, ready, stock};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How many frames the session has sent but for probes, which it sends when it is idle.
fn asked(client: &Client) -> u64 {
    client.counts().frames_out
}

#[tokio::test(start_paused = true)]
async fn a_contract_is_asked_for_once_and_remembered_for_a_day() {
    let (_sim, client) = ready().await;
    let contracts = Contracts::new(&client);
    let before = asked(&client);
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let contracts = contracts.clone();
        callers.spawn(async move { contracts.id(&stock("IBM")).await });
    }
    let ids = callers.join_all().await;
    assert!(ids.iter().all(|id| id.is_ok() && id == &ids[0]), "{ids:?}");
    assert_eq!(asked(&client) - before, 1, "fifty callers share one request");
    contracts.resolve(&stock("IBM")).await.unwrap();
    assert_eq!(asked(&client) - before, 1);
    assert!(contracts.forget(&stock("IBM")) && !contracts.forget(&stock("IBM")) && contracts.is_empty());
    contracts.resolve(&stock("IBM")).await.unwrap();
    assert_eq!(asked(&client) - before, 2);
    tokio::time::advance(DAY).await;
    client.ready(60 * SECOND).await.unwrap();
    let later = asked(&client);
    contracts.resolve(&stock("IBM")).await.unwrap();
    assert!(asked(&client) > later, "a day is over");
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_or_ambiguous_is_a_typed_error() {
    let (_sim, client) = ready().await;
    let contracts = Contracts::new(&client);
    let before = asked(&client);
    for _ in 0..3 {
        let unknown = contracts.resolve(&stock("NOSUCH")).await.unwrap_err();
        assert_eq!(unknown, ResolveError::Unknown { contract: Box::new(stock("NOSUCH")) });
        assert_eq!(
            unknown.to_string(),
            "no contract fits NOSUCH STK at SMART in USD; check symbol, kind, exchange, currency and expiry"
        );
    }
    assert_eq!(asked(&client) - before, 1, "that nothing fits is remembered");
    let several = Contract { security_type: Some(SecurityType::Future), ..Contract::default() };
    let several = Contract { symbol: "ES".into(), exchange: "CME".into(), ..several };
    let Err(ResolveError::Ambiguous { candidates, .. }) = contracts.resolve(&several).await else { panic!() };
    assert!(candidates.len() > 1);
    assert_eq!(contracts.candidates(&several).await.unwrap().len(), candidates.len());
    assert_eq!(asked(&client) - before, 2, "what is ambiguous is remembered too");
    tokio::time::sleep(4 * SECOND).await;
    let later = asked(&client);
    tokio::time::advance(57 * SECOND).await;
    client.ready(60 * SECOND).await.unwrap();
    contracts.resolve(&stock("NOSUCH")).await.unwrap_err();
    assert!(asked(&client) > later, "after a minute it is asked for again");
}

#[tokio::test(start_paused = true)]
async fn words_that_contradict_a_number_are_a_typed_error() {
    let (_sim, client) = ready().await;
    let contracts = Contracts::new(&client);
    let ibm = contracts.resolve(&stock("IBM")).await.unwrap().contract;
    assert_eq!(contracts.resolve(&ibm).await.unwrap().contract, ibm);
    let spy = Contract { symbol: "SPY".to_owned(), ..ibm };
    let error = contracts.resolve(&spy).await.unwrap_err();
    assert!(matches!(&error, ResolveError::Contradicted { contradiction, .. } if contradiction.field == "symbol"));
    assert!(error.to_string().ends_with("contradicts itself: symbol is said to be SPY, but is IBM"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_by_those_who_wait_and_not_remembered() {
    let (sim, client) = ready().await;
    let contracts = Contracts::new(&client);
    sim.inject(Switch::RequestsLost).unwrap();
    let mut callers = JoinSet::new();
    let began = tokio::time::Instant::now();
    for _ in 0..5 {
        let contracts = contracts.clone();
        callers.spawn(async move { contracts.resolve(&stock("IBM")).await });
    }
    for failed in callers.join_all().await {
        let why =
            matches!(failed, Err(ResolveError::Request(RequestError::TimedOut { .. } | RequestError::ConnectionReset)));
        assert!(why, "{failed:?}");
    }
    assert!(began.elapsed() < 15 * SECOND, "{:?}: nobody waits for the failures of others", began.elapsed());
    sim.clear(Switch::RequestsLost);
    client.ready(60 * SECOND).await.unwrap();
    contracts.resolve(&stock("IBM")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_more_is_remembered_than_allowed() {
    let (_sim, client) = ready().await;
    let limits = MemoryLimits { descriptions: 3, ..MemoryLimits::default() };
    let contracts = Contracts::with_limits(&client, limits);
    for name in ["IBM", "SPY", "BAC", "IBM", "AAPL", "MSFT"] {
        contracts.resolve(&stock(name)).await.unwrap();
    }
    assert_eq!(contracts.len(), 3);
    let before = asked(&client);
    contracts.resolve(&stock("IBM")).await.unwrap();
    assert_eq!(asked(&client), before, "what was used is kept");
    contracts.resolve(&stock("SPY")).await.unwrap();
    assert_eq!(asked(&client) - before, 1, "what was not used is forgotten");
}

#[tokio::test(start_paused = true)]
async fn a_chain_is_one_request_and_its_options_come_a_few_at_a_time() {
    let (_sim, client) = ready().await;
    let contracts = Contracts::new(&client);
    let apple = contracts.resolve(&stock("AAPL")).await.unwrap();
    let before = asked(&client);
    let chain = OptionChain::load(&contracts, &stock("AAPL")).await.unwrap();
    assert_eq!(asked(&client) - before, 1);
    assert_eq!(chain.underlying, apple);
    let all = chain.select(&OptionFilter::default());
    assert!(all.len() > 100, "{}", all.len());
    let middle = all[all.len() / 2].strike.unwrap();
    let filter = OptionFilter {
        right: Some(OptionRight::Call),
        strikes: Strikes::Nearest { to: middle, count: 3 },
        ..OptionFilter::default()
    };
    let wanted = chain.select(&filter);
    assert!(wanted.len() < all.len() / 4);
    let mut batch = contracts.batch(wanted.clone(), 4);
    let before = asked(&client);
    let mut found = Vec::new();
    while let Some((contract, answer)) = batch.next().await {
        assert!(client.counts().requests <= 4);
        let answer = answer.unwrap();
        assert_eq!(answer.contract.strike, contract.strike);
        found.push(answer.contract.known_id().unwrap());
    }
    assert_eq!((batch.progress().done, batch.progress().found), (wanted.len(), wanted.len()));
    assert!(asked(&client) - before >= wanted.len() as u64);
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), wanted.len());
    // Asked again, everything is known.
    let before = asked(&client);
    let again = contracts.batch(wanted.clone(), 100).existing().await.unwrap();
    assert_eq!((again.len(), asked(&client)), (wanted.len(), before));
    let strange = Contract { strike: Some(rust_decimal::Decimal::new(12_345, 3)), ..wanted[0].clone() };
    let mut batch = contracts.batch(vec![strange], 1);
    assert!(matches!(batch.next().await, Some((_, Err(ResolveError::Unknown { .. })))));
    assert_eq!((batch.progress().unknown, batch.next().await), (1, None));
}
