//! [`Contract`]: what is traded, and the shapes in which the text form carries it.

use rust_decimal::Decimal;

use crate::body::body;
use crate::error::Result;
use crate::ids::ContractId;
use crate::kinds::{Action, LegOpenClose, OptionRight, SecurityIdType, SecurityType, ShortSaleSlot};
use crate::text::Remark;
use crate::time::TimeText;
use crate::wire::{Layout, Wire, layout};

body! {
    /// What is traded. IB fills in what a request leaves out, if what is there names one contract only.
    ///
    /// [`Contract::default`] is empty, with the values IB's own client writes where nothing is set. The constructors make
    /// the common kinds.
    Contract, mostly unset; sparse {
        /// IB's own number; alone (with an exchange) it names a contract. Wire name `conId`, 0 where not known.
        1 contract_id: Option<ContractId> = Some(ContractId(0)),
        /// Symbol of the underlying.
        2 "symbol" symbol: String,
        /// Kind of contract.
        3 "secType" security_type: Option<SecurityType>,
        /// `YYYYMM` or `YYYYMMDD`, in answers at times with an hour.
        4 "lastTradeDateOrContractMonth" last_trade_date_or_month: TimeText,
        /// Strike of an option.
        5 "strike" strike: Option<Decimal>,
        /// Call or put.
        6 "right" right: Option<OptionRight>,
        /// What one contract is worth in units of its price. Wire name `multiplier`: text in one form, a double in the
        /// other.
        7 multiplier: Option<Decimal>,
        /// Where to trade it, `SMART` for IB's router.
        8 "exchange" exchange: String,
        /// The listing exchange, which tells ambiguous symbols apart.
        9 "primaryExchange" "primaryExch" primary_exchange: String,
        /// Currency it trades in.
        10 "currency" currency: String,
        /// Symbol at its exchange.
        11 "localSymbol" local_symbol: String,
        /// Trading class.
        12 "tradingClass" trading_class: String,
        /// Kind of the identifier in `security_id`.
        13 "secIdType" security_id_type: Option<SecurityIdType>,
        /// An identifier from outside IB.
        14 "secId" security_id: String,
        /// Description for people.
        15 "description" description: Remark,
        /// Issuer of a bond.
        16 "issuerId" issuer_id: String,
        /// The stock or future that hedges a delta-neutral order.
        optional 17 "deltaNeutralContract" delta_neutral: Option<DeltaNeutralContract>,
        /// Whether expired contracts are meant too.
        18 "includeExpired" include_expired: bool,
        /// Legs of a combination, described for people.
        19 "comboLegsDescrip" combo_legs_description: Remark,
        /// Legs of a combination.
        list 20 "comboLegs" combo_legs: Vec<ComboLeg>,
        /// Last trade date as answers tell it from server version 182 on.
        21 "lastTradeDate" last_trade_date: Remark,
    }
}

impl Contract {
    /// A stock or exchange-traded fund, routed by IB.
    #[must_use]
    pub fn stock(symbol: &str, currency: &str) -> Self {
        Self::of(SecurityType::Stock, symbol, "SMART", currency)
    }

    /// A currency pair: `Contract::forex("EUR", "USD")` is EUR.USD.
    #[must_use]
    pub fn forex(base: &str, quote: &str) -> Self {
        Self::of(SecurityType::Forex, base, "IDEALPRO", quote)
    }

    /// A future by the month it is delivered, `YYYYMM`, or its last trade date, `YYYYMMDD`.
    #[must_use]
    pub fn future(symbol: &str, month: &str, exchange: &str, currency: &str) -> Self {
        Self { last_trade_date_or_month: month.into(), ..Self::of(SecurityType::Future, symbol, exchange, currency) }
    }

    /// A stock option by its expiry (`YYYYMMDD`), strike and right.
    #[must_use]
    pub fn option(symbol: &str, expiry: &str, strike: Decimal, right: OptionRight, currency: &str) -> Self {
        Self {
            last_trade_date_or_month: expiry.into(),
            strike: Some(strike),
            right: Some(right),
            ..Self::of(SecurityType::Option, symbol, "SMART", currency)
        }
    }

    /// An index.
    #[must_use]
    pub fn index(symbol: &str, exchange: &str, currency: &str) -> Self {
        Self::of(SecurityType::Index, symbol, exchange, currency)
    }

    /// A crypto currency: `Contract::crypto("BTC", "USD", "PAXOS")`.
    #[must_use]
    pub fn crypto(symbol: &str, currency: &str, exchange: &str) -> Self {
        Self::of(SecurityType::Crypto, symbol, exchange, currency)
    }

    /// A contract for difference, routed by IB.
    #[must_use]
    pub fn cfd(symbol: &str, currency: &str) -> Self {
        Self::of(SecurityType::ContractForDifference, symbol, "SMART", currency)
    }

    /// A bond by its CUSIP, which IB has in the place of a symbol.
    #[must_use]
    pub fn bond(cusip: &str, currency: &str) -> Self {
        Self::of(SecurityType::Bond, cusip, "SMART", currency)
    }

    /// A contract by a number from outside IB; `kind` and `currency` tell listings apart.
    #[must_use]
    pub fn by_identifier(identifier: (SecurityIdType, &str), kind: SecurityType, currency: &str) -> Self {
        let (id_type, id) = identifier;
        let security_id = id.to_owned();
        Self { security_id_type: Some(id_type), security_id, ..Self::of(kind, "", "SMART", currency) }
    }

    /// A combination of legs, routed by IB; [`ComboLeg::buy`] and [`ComboLeg::sell`] make them.
    #[must_use]
    pub fn combination(symbol: &str, currency: &str, combo_legs: Vec<ComboLeg>) -> Self {
        Self { combo_legs, ..Self::of(SecurityType::Combination, symbol, "SMART", currency) }
    }

    /// A contract by IB's own number.
    #[must_use]
    pub fn by_id(id: ContractId, exchange: &str) -> Self {
        Self { contract_id: Some(id), exchange: exchange.to_owned(), ..Self::default() }
    }

    /// IB's number of the contract, where it is known.
    #[must_use]
    pub fn known_id(&self) -> Option<ContractId> {
        self.contract_id.and_then(ContractId::known)
    }

    /// Whether this is a combination of legs.
    #[must_use]
    pub fn is_combination(&self) -> bool {
        // By its word: `Other("BAG")` travels as the same, and the text form has legs behind it.
        self.security_type.as_ref().is_some_and(|kind| kind.as_str() == SecurityType::Combination.as_str())
    }

    fn of(security_type: SecurityType, symbol: &str, exchange: &str, currency: &str) -> Self {
        Self {
            symbol: symbol.to_owned(),
            security_type: Some(security_type),
            exchange: exchange.to_owned(),
            currency: currency.to_owned(),
            ..Self::default()
        }
    }

    /// The text form of most requests: `conId` to `tradingClass`, with the primary exchange.
    pub(crate) fn text_of_request(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { contract_id, symbol, security_type, last_trade_date_or_month, strike, right, multiplier, .. } = self;
        layout!(w; maxed 1 contract_id, 2 symbol, 3 security_type, 4 last_trade_date_or_month, 5 strike, 6 right, 7 multiplier);
        let Self { exchange, primary_exchange, currency, local_symbol, trading_class, .. } = self;
        layout!(w; 8 exchange, 9 primary_exchange, 10 currency, 11 local_symbol, 12 trading_class);
        Ok(())
    }

    /// The text form of most answers: as a request, without the primary exchange.
    pub(crate) fn text_of_answer(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { contract_id, symbol, security_type, last_trade_date_or_month, strike, right, multiplier, .. } = self;
        layout!(w; 1 contract_id, 2 symbol, 3 security_type, 4 last_trade_date_or_month, 5 strike, 6 right, 7 multiplier);
        let Self { exchange, primary_exchange, currency, local_symbol, trading_class, .. } = self;
        layout!(w; 8 exchange, proto_only 9 primary_exchange, 10 currency, 11 local_symbol, 12 trading_class);
        Ok(())
    }

    /// The text form of an exercise: as other requests, without the primary exchange.
    pub(crate) fn text_of_exercise(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { contract_id, symbol, security_type, last_trade_date_or_month, strike, right, multiplier, .. } = self;
        layout!(w; maxed 1 contract_id, 2 symbol, 3 security_type, 4 last_trade_date_or_month, 5 strike, 6 right, 7 multiplier);
        let Self { exchange, primary_exchange, currency, local_symbol, trading_class, .. } = self;
        layout!(w; 8 exchange, proto_only 9 primary_exchange, 10 currency, 11 local_symbol, 12 trading_class);
        self.text_without_identifiers(w)?;
        self.text_without_extras(w)?;
        self.text_without_legs(w)
    }

    /// What a text message with none of these has no place for.
    pub(crate) fn text_without_identifiers(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { security_id_type, security_id, .. } = self;
        layout!(w; proto_only 13 security_id_type, proto_only 14 security_id);
        Ok(())
    }

    /// What a text message that names one live instrument has no place for.
    pub(crate) fn text_without_extras(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { include_expired, .. } = self;
        layout!(w; proto_only 18 include_expired);
        self.text_without_remarks(w)
    }

    /// What no text request but the one for contract data has a place for.
    pub(crate) fn text_without_remarks(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { issuer_id, description, combo_legs_description, last_trade_date, .. } = self;
        layout!(w; proto_only 15 description, proto_only 16 issuer_id, proto_only 19 combo_legs_description,
            proto_only 21 last_trade_date);
        Ok(())
    }

    /// The text form of requests for one live instrument: the common fields alone.
    pub(crate) fn text_of_plain_request(&mut self, w: &mut Wire<'_>) -> Result<()> {
        self.text_of_request(w)?;
        self.text_without_identifiers(w)?;
        self.text_without_extras(w)?;
        self.text_without_legs(w)
    }

    /// The text form of requests for history, which exists of expired contracts too. The legs follow elsewhere.
    pub(crate) fn text_of_history(&mut self, w: &mut Wire<'_>) -> Result<()> {
        self.text_of_request(w)?;
        let Self { include_expired, delta_neutral, .. } = self;
        layout!(w; 18 include_expired, absent 17 delta_neutral);
        self.text_without_identifiers(w)?;
        self.text_without_remarks(w)
    }

    /// The same without legs.
    pub(crate) fn text_of_plain_history(&mut self, w: &mut Wire<'_>) -> Result<()> {
        self.text_of_history(w)?;
        self.text_without_legs(w)
    }

    /// The text form of the request for market data: legs in brief, and the hedge.
    pub(crate) fn text_of_market_data(&mut self, w: &mut Wire<'_>) -> Result<()> {
        self.text_of_request(w)?;
        self.text_of_brief_legs(w)?;
        self.text_of_hedge(w)?;
        self.text_without_identifiers(w)?;
        self.text_without_extras(w)
    }

    /// What a text message has no place for that carries neither legs nor a hedge.
    pub(crate) fn text_without_legs(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { delta_neutral, combo_legs, .. } = self;
        layout!(w; proto_only_list 20 combo_legs, absent 17 delta_neutral);
        Ok(())
    }

    /// An answer's contract with nothing beside the common fields: executions, positions.
    pub(crate) fn text_of_plain_answer(&mut self, w: &mut Wire<'_>) -> Result<()> {
        self.text_of_answer(w)?;
        self.text_without_identifiers(w)?;
        self.text_without_extras(w)?;
        self.text_without_legs(w)
    }

    /// Legs with the four fields that market data and history need; only for combinations.
    pub(crate) fn text_of_brief_legs(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let mut legs: Vec<BriefLeg> = self.combo_legs.drain(..).map(BriefLeg).collect();
        let combination = self.is_combination();
        let combo_legs = &mut legs;
        w.group(combination, |w| {
            layout!(w; list 20 combo_legs);
            Ok(())
        })?;
        self.combo_legs = legs.into_iter().map(|leg| leg.0).collect();
        Ok(())
    }

    /// A flag and the hedging contract behind it.
    pub(crate) fn text_of_hedge(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let mut delta_neutral_present = self.delta_neutral.is_some();
        let flag = &mut delta_neutral_present;
        layout!(w; 17 flag);
        if delta_neutral_present {
            self.delta_neutral.get_or_insert_default().layout(w)?;
        } else {
            self.delta_neutral = None;
        }
        Ok(())
    }
}

body! {
    /// One leg of a combination.
    ComboLeg; sparse {
        /// The leg's contract.
        maxed 1 "conId" contract_id: Option<ContractId> = Some(ContractId(0)),
        /// How many of it one combination holds.
        maxed 2 "ratio" ratio: Option<i32> = Some(0),
        /// Which way it trades in one combination that is bought.
        3 "action" action: Option<Action>,
        /// Where the leg trades.
        4 "exchange" exchange: String,
        /// Whether it opens or closes a position.
        maxed 5 "openClose" open_close: Option<LegOpenClose> = Some(LegOpenClose::Same),
        /// Who holds the shares of a short sale.
        maxed 6 "shortSaleSlot" "shortSalesSlot" short_sale_slot: Option<ShortSaleSlot> = Some(ShortSaleSlot::None),
        /// Where shares to short are held, where it is not the broker.
        7 "designatedLocation" designated_location: String,
        /// Exemption from the short sale rule.
        maxed 8 "exemptCode" exempt_code: Option<i32> = Some(-1),
        /// Price of this leg. Wire name `orderComboLegs.price`, `perLegPrice`: in text a list of its own in the order.
        apart_in_text 9 price: Option<Decimal>,
    }
}

impl ComboLeg {
    /// A leg that is bought when the combination is, `ratio` of it each time.
    #[must_use]
    pub fn buy(contract_id: ContractId, ratio: i32) -> Self {
        let exchange = "SMART".to_owned();
        Self {
            contract_id: Some(contract_id),
            ratio: Some(ratio),
            action: Some(Action::Buy),
            exchange,
            ..Self::default()
        }
    }

    /// A leg that is sold when the combination is bought, `ratio` of it each time.
    #[must_use]
    pub fn sell(contract_id: ContractId, ratio: i32) -> Self {
        Self { action: Some(Action::Sell), ..Self::buy(contract_id, ratio) }
    }
}

/// A leg where the text form carries four fields of it.
#[derive(Debug, Default)]
struct BriefLeg(ComboLeg);

impl Layout for BriefLeg {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        #[rustfmt::skip]
        let ComboLeg {
            contract_id, ratio, action, exchange, open_close, short_sale_slot, designated_location, exempt_code, price,
        } = &mut self.0;
        layout!(w; maxed 1 contract_id, maxed 2 ratio, 3 action, 4 exchange, proto_only 7 designated_location,
            proto_only 9 price);
        // The other three are read as their defaults, so anything else cannot travel.
        let usual = ComboLeg::default();
        let mut differs = [
            *open_close != usual.open_close,
            *short_sale_slot != usual.short_sale_slot,
            *exempt_code != usual.exempt_code,
        ];
        let [open_close, short_sale_slot, exempt_code] = &mut differs;
        layout!(w; proto_only 5 open_close, proto_only 6 short_sale_slot, proto_only 8 exempt_code);
        Ok(())
    }
}

body! {
    /// The contract that hedges a delta-neutral order.
    DeltaNeutralContract {
        /// Its number.
        maxed 1 "conId" contract_id: Option<ContractId>,
        /// How much of it a unit of the order needs.
        maxed 2 "delta" delta: Option<Decimal>,
        /// Its price.
        maxed 3 "price" price: Option<Decimal>,
    }
}
