"""Random orders, sent by IB's own client, and what its openOrder callback says of them: field by field.

usage: round_trip.py HOST PORT CLIENT_ID ACCOUNT VERSION ORDERS SEED ADVISOR GROUP

Prints one JSON object: how many `orders` came back and how many `values` were compared, the `differences`, what was `refused`,
the `holes` (fields that no order of this run carried), and the `exempt` fields with their reasons.
"""

import json
import os
import random
import sys
import typing

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "conformance")]

from ibapi.contract import ComboLeg, Contract, DeltaNeutralContract  # noqa: E402
from ibapi.order import Order, OrderComboLeg  # noqa: E402
from ibapi.order_cancel import OrderCancel  # noqa: E402
from ibapi.order_condition import Create  # noqa: E402
from ibapi.softdollartier import SoftDollarTier  # noqa: E402
from ibapi.tag_value import TagValue  # noqa: E402

from draw import ORDER_GATES, ORDER_PROTOBUF_ONLY, UNSET_DOUBLE, UNSET_INTEGER, Draw  # noqa: E402
from driver import Client  # noqa: E402
from stage import Heard, Unanswered  # noqa: E402

PROTOBUF = 203  # orders travel as protobuf from here on, both ways
BATCH = 16  # TWS keeps no more than 20 live orders of one side, contract and account
IBM, LEGS = 8314, (265598, 272093)

SERVERS_OWN = "the server says it"
BY_DESIGN = "the same in every order of this run, so that it is kept and told"
NOT_SENT = "the client does not send it"
NO_PLACE = "the text form of openOrder has no place for it"
NOT_READ = "the client does not read it from protobuf"
ATTACHED = "it makes further orders, and no part of this one"

# Fields that cannot be compared: where, and why. A version is the first at which it can.
EXEMPT = {
    **{name: ("always", SERVERS_OWN) for name in ("orderId", "clientId", "permId", "filledQuantity", "parentPermId")},
    **{name: ("always", BY_DESIGN) for name in ("transmit", "whatIf")},
    **{name: ("always", NOT_SENT) for name in ("autoCancelDate", "refFuturesConId", "shareholder", "basisPoints", "basisPointsType")},
    **{name: ("text", NOT_SENT) for name in ("bondAccruedInterest", "submitter")},
    **{name: ("always", NO_PLACE + "; " + NOT_READ) for name in (
        "algoId", "mifid2DecisionMaker", "mifid2DecisionAlgo", "mifid2ExecutionTrader", "mifid2ExecutionAlgo",
        "overridePercentageConstraints", "scaleTable", "orderMiscOptions", "advancedErrorOverride", "manualOrderTime",
    )},
    **{name: ("text", NO_PLACE) for name in ("activeStartTime", "activeStopTime")},
    **{name: (193, "openOrder tells it since 193") for name in ("extOperator", "manualOrderIndicator")},
    "auctionStrategy": ("protobuf", "protobuf has no place for it"),
    **{name: ("always", ATTACHED) for name in ("slOrderId", "slOrderType", "ptOrderId", "ptOrderType")},
}
# An empty field of openOrder in text is 0 or false to the client, where it does not ask whether there is a value.
EMPTY_IS_ZERO = {"volatilityType": UNSET_INTEGER, "referencePriceType": UNSET_INTEGER, "usePriceMgmtAlgo": None}


def exempt(name, version):
    """Why a field cannot be compared at a version; None where it can."""
    where, why = EXEMPT.get(name, (0, None))
    form = "protobuf" if version >= PROTOBUF else "text"
    if where in ("always", form) or (isinstance(where, int) and version < where):
        return why
    return None


def is_legal(name, version):
    """Whether an order of this version may carry the field at all."""
    return version >= ORDER_GATES.get(name, 0) and (version >= PROTOBUF or name not in ORDER_PROTOBUF_ONLY)


class Login(typing.NamedTuple):
    """Accounts of an advisor: one, the advisor's own, and a group."""

    account: str
    advisor: str
    group: str


class Legal(Draw):
    """Orders that a TWS takes and keeps: random, with words and numbers that mean something where they must."""

    def maybe(self, make, nothing, chance=0.4):
        return make() if self.flag(chance) else nothing

    def price(self):
        return self.random.randint(100, 50_000) / 100

    def moment(self):
        return "202612%02d %02d:30:00 US/Eastern" % (self.random.randint(1, 28), self.random.randint(10, 15))

    def whole(self, low=1, high=1000):
        return self.random.randint(low, high)

    def pair(self):
        return self.stock() if self.flag(0.85) else self.combination()

    def stock(self):
        contract = Contract()
        contract.symbol, contract.secType, contract.currency = "IBM", "STK", "USD"
        contract.exchange = "SMART" if self.flag(0.8) else "IBKRATS"
        if self.flag(0.1):
            contract.deltaNeutralContract = hedge = DeltaNeutralContract()
            hedge.conId, hedge.delta, hedge.price = LEGS[0], self.whole(1, 9) / 10, self.price()
        return contract

    def combination(self):
        contract = self.stock()
        contract.symbol, contract.secType, contract.exchange, contract.comboLegs = "AAPL,MSFT", "BAG", "SMART", []
        for contract_id in LEGS:
            leg = ComboLeg()
            leg.conId, leg.ratio, leg.action, leg.exchange = contract_id, self.whole(1, 3), self.random.choice(["BUY", "SELL"]), "SMART"
            leg.openClose = self.random.choice([0, 1, 2])
            leg.shortSaleSlot = self.random.choice([0, 1, 2])
            leg.designatedLocation = "XYZ" if leg.shortSaleSlot == 2 else ""
            leg.exemptCode = self.random.choice([-1, 1])
            contract.comboLegs.append(leg)
        return contract

    def legal_order(self, contract, login, parent):
        order = self.order(contract)
        order.account, order.transmit, order.whatIf = login.account, True, False
        order.faGroup = order.faMethod = order.faPercentage = ""
        if self.flag(0.2) and contract.secType != "BAG" and not parent:
            order.account, order.faGroup = login.advisor, login.group
            order.faMethod = self.random.choice(["", "NetLiq", "Equal", "AvailableEquity"])
            order.faPercentage = self.random.choice(["", "10"])
        order.totalQuantity = self.whole()
        choice = self.random.choice
        order.orderType = choice([
            "LMT", "MKT", "STP", "STP LMT", "TRAIL", "TRAIL LIMIT", "MIT", "LIT", "REL", "PEG MID", "PEG BEST", "PEG BENCH", "VOL",
        ] if contract.secType != "BAG" else ["LMT", "MKT"])
        order.lmtPrice = self.price() if order.orderType not in ("MKT", "STP", "TRAIL", "MIT") else UNSET_DOUBLE
        order.auxPrice = self.price() if order.orderType not in ("LMT", "MKT", "VOL") else UNSET_DOUBLE
        order.percentOffset = self.maybe(lambda: self.whole(1, 9) / 100, UNSET_DOUBLE) if order.orderType == "REL" else UNSET_DOUBLE
        trails = order.orderType.startswith("TRAIL")
        order.trailStopPrice = self.price() if trails else UNSET_DOUBLE
        order.trailingPercent = UNSET_DOUBLE
        order.lmtPriceOffset = UNSET_DOUBLE
        if trails and self.flag():
            order.auxPrice, order.trailingPercent = UNSET_DOUBLE, self.whole(1, 90) / 2
        if order.orderType == "TRAIL LIMIT":
            order.lmtPriceOffset, order.lmtPrice = self.whole(1, 100) / 100, UNSET_DOUBLE
        order.tif = choice(["DAY", "GTC", "GTD"] + (["OPG"] if order.orderType in ("LMT", "MKT") else []))
        order.goodTillDate = self.moment() if order.tif == "GTD" else ""
        order.goodAfterTime = self.maybe(self.moment, "", 0.2)
        order.activeStartTime = self.maybe(self.moment, "", 0.2) if order.tif == "GTC" else ""
        order.activeStopTime = self.moment() if order.activeStartTime else ""
        order.ocaGroup = self.maybe(lambda: "oca %d" % self.random.randint(0, 10**6), "", 0.3)
        order.ocaType = choice([0, 1, 2, 3])
        order.parentId = parent
        order.displaySize = choice([0, 100, 250])
        order.triggerMethod = choice([0, 1, 2, 3, 4, 7, 8])
        order.minQty = self.maybe(self.whole, UNSET_INTEGER, 0.2)
        order.rule80A = choice(["", "I", "A", "W", "J", "U", "M", "K", "Y", "N"])
        order.openClose = choice(["", "O", "C"])
        order.origin = choice([0, 1])
        order.shortSaleSlot = choice([0, 1, 2])
        order.designatedLocation = "XYZ" if order.shortSaleSlot == 2 else ""
        order.exemptCode = choice([-1, 0, 5])
        order.discretionaryAmt = self.maybe(lambda: self.whole(1, 50) / 100, 0, 0.2) if order.orderType == "LMT" else 0
        order.auctionStrategy = choice([0, 1, 2, 3])
        order.cashQty = UNSET_DOUBLE
        if self.flag(0.1) and order.orderType == "LMT" and contract.secType != "BAG":
            order.cashQty, order.totalQuantity = float(self.whole(1000, 5000)), 0
        order.usePriceMgmtAlgo = choice([None, True, False])
        order.duration = self.maybe(lambda: self.whole(30, 600), UNSET_INTEGER, 0.2)
        order.postToAts = self.maybe(lambda: self.whole(1, 60), UNSET_INTEGER, 0.2)
        order.whatIfType = UNSET_INTEGER if self.version < 217 else choice([UNSET_INTEGER, 0, 1])
        order.softDollarTier = SoftDollarTier(*choice([("", "", ""), ("tier", "1.5", "")]))
        order.clearingIntent = choice(["", "IB", "Away", "PTA"])
        self.volatility_of(order)
        self.scale_of(order)
        self.hedge_of(order, parent)
        self.benchmark_of(order, contract)
        self.adjustment_of(order)
        self.algo_of(order)
        order.conditions = [self.legal_condition() for _ in range(choice([0, 0, 0, 1, 2]))]
        order.conditionsCancelOrder = bool(order.conditions) and self.flag()
        order.conditionsIgnoreRth = bool(order.conditions) and self.flag()
        if self.version >= 226:
            order.conditionsIncludeOvernight = bool(order.conditions) and self.flag()
        return order

    def volatility_of(self, order):
        is_volatility = order.orderType == "VOL"
        order.volatility = self.whole(1, 90) / 2 if is_volatility else UNSET_DOUBLE
        order.volatilityType = self.random.choice([1, 2]) if is_volatility else UNSET_INTEGER
        order.referencePriceType = self.random.choice([1, 2]) if is_volatility else UNSET_INTEGER
        order.continuousUpdate = is_volatility and self.flag()
        blank = Order()
        for name in [name for name in vars(blank) if name.startswith("deltaNeutral")]:
            setattr(order, name, getattr(blank, name))
        if is_volatility and self.flag(0.7):
            order.deltaNeutralOrderType = self.random.choice(["MKT", "LMT"])
            order.deltaNeutralAuxPrice = self.price()
            order.deltaNeutralConId = IBM
            order.deltaNeutralSettlingFirm, order.deltaNeutralClearingAccount = self.word(), self.word()
            order.deltaNeutralClearingIntent = self.random.choice(["", "IB"])
            order.deltaNeutralOpenClose = self.random.choice(["", "O", "C"])
            order.deltaNeutralShortSale = self.flag()
            order.deltaNeutralShortSaleSlot = self.random.choice([0, 1, 2])
            order.deltaNeutralDesignatedLocation = "XYZ" if order.deltaNeutralShortSaleSlot == 2 else ""

    def scale_of(self, order):
        blank = Order()
        for name in [name for name in vars(blank) if name.startswith("scale")]:
            setattr(order, name, getattr(blank, name))
        if self.flag(0.2):
            order.scaleInitLevelSize, order.scaleSubsLevelSize = self.whole(), self.whole()
            order.scalePriceIncrement = self.whole(1, 50) / 100
            order.scalePriceAdjustValue = self.whole(1, 50) / 100
            order.scalePriceAdjustInterval = self.whole()
            order.scaleProfitOffset = self.whole(1, 50) / 100
            order.scaleAutoReset, order.scaleRandomPercent = self.flag(), self.flag()
            order.scaleInitPosition, order.scaleInitFillQty = self.whole(), self.whole()
            order.scaleTable = self.word()

    def hedge_of(self, order, parent):
        """A hedge is the child of what it hedges."""
        order.hedgeType = self.random.choice(["D", "B", "F", "P"]) if parent and self.flag() else ""
        order.hedgeParam = {"B": "0.5", "P": "2"}.get(order.hedgeType, "")
        if self.version >= 223:
            order.hedgeMaxSize = self.whole() if order.hedgeType and self.flag() else UNSET_INTEGER

    def benchmark_of(self, order, contract):
        is_benchmark = order.orderType == "PEG BENCH"
        order.referenceContractId = LEGS[0] if is_benchmark else 0
        order.peggedChangeAmount = self.whole(1, 50) / 100 if is_benchmark else 0.0
        order.referenceChangeAmount = self.whole(1, 50) / 100 if is_benchmark else 0.0
        order.isPeggedChangeAmountDecrease = is_benchmark and self.flag()
        order.referenceExchangeId = "NASDAQ" if is_benchmark else ""
        # The text form sends these with some kinds of orders only.
        order.minTradeQty = self.whole() if contract.exchange == "IBKRATS" and self.flag() else UNSET_INTEGER
        is_best, is_middle = order.orderType == "PEG BEST", order.orderType == "PEG MID"
        order.minCompeteSize = self.whole() if is_best else UNSET_INTEGER
        order.competeAgainstBestOffset = self.random.choice([0.02, float("inf")]) if is_best else UNSET_DOUBLE
        has_offsets = is_middle or order.competeAgainstBestOffset == float("inf")
        order.midOffsetAtWhole = 0.01 if has_offsets else UNSET_DOUBLE
        order.midOffsetAtHalf = 0.005 if has_offsets else UNSET_DOUBLE

    def adjustment_of(self, order):
        order.adjustedOrderType = self.random.choice(["STP", "STP LMT", "TRAIL"]) if order.orderType == "STP" and self.flag() else ""
        for name in ("triggerPrice", "adjustedStopPrice", "adjustedStopLimitPrice", "adjustedTrailingAmount"):
            setattr(order, name, self.price() if order.adjustedOrderType else UNSET_DOUBLE)
        order.adjustableTrailingUnit = self.random.choice([0, 1]) if order.adjustedOrderType else 0

    def algo_of(self, order):
        order.algoStrategy, order.algoParams = "", None
        if order.orderType in ("LMT", "MKT") and self.flag(0.3):
            order.algoStrategy = self.random.choice(["Adaptive", "Twap", "Vwap", "ArrivalPx", "PctVol"])
            parameters = {
                "Adaptive": {"adaptivePriority": "Patient"},
                "Twap": {"strategyType": "Marketable", "allowPastEndTime": "1"},
                "Vwap": {"maxPctVol": "0.1", "noTakeLiq": "1"},
                "ArrivalPx": {"maxPctVol": "0.1", "riskAversion": "Neutral"},
                "PctVol": {"pctVol": "0.2", "noTakeLiq": "0"},
            }[order.algoStrategy]
            order.algoParams = [TagValue(tag, value) for tag, value in parameters.items()]

    def legal_condition(self):
        condition = Create(self.random.choice([1, 3, 4, 5, 6, 7]))
        sets = dict(
            isMore=self.flag(), conId=LEGS[0], exchange="SMART", price=self.price(), triggerMethod=self.random.choice([0, 1, 2, 3, 4, 7, 8]),
            time=self.moment(), percent=self.whole(1, 90), secType="STK", symbol="AAPL", volume=self.whole(10_000, 10**6),
            changePercent=self.whole(1, 90) / 2,
        )
        for name, value in sets.items():
            if name in vars(condition):
                setattr(condition, name, value)
        condition.isConjunctionConnection = self.flag()
        return condition


def plain(name, value):
    """A value as something that is equal when it says the same."""
    if name in ("algoParams", "smartComboRoutingParams", "orderMiscOptions"):
        return sorted((pair.tag, pair.value) for pair in value or [])
    if name == "conditions":
        return [(type(condition).__name__, sorted((key, plain("", told)) for key, told in vars(condition).items()))
                for condition in value or []]
    if name == "orderComboLegs":
        prices = [leg.price for leg in value or []]
        return [] if all(price == UNSET_DOUBLE for price in prices) else prices  # both say that there is none
    if name == "softDollarTier":
        return (value.name, value.val)
    if name == "comboLegs":
        return [sorted(vars(leg).items()) for leg in value or []]
    if name == "deltaNeutralContract":
        return None if value is None else sorted(vars(value).items())
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)) or type(value).__name__ == "Decimal":
        return float(value)
    return value


class Tally:
    def __init__(self, version):
        self.version = version
        self.values = self.orders = 0
        self.differences, self.refused, self.carried, self.told = {}, {}, {}, set()
        self.blank = Order()

    def differ(self, field, sent, back):
        entry = self.differences.setdefault(field, {"field": field, "sent": str(sent), "back": str(back), "count": 0})
        entry["count"] += 1

    def compare(self, ids, sent_contract, sent, back_contract, back):
        self.orders += 1
        if (back.orderId, back.clientId) != ids or not back.permId:
            self.differ("ids", ids, (back.orderId, back.clientId, back.permId))
        for name in vars(self.blank):
            blank = plain(name, getattr(self.blank, name))
            one, other = plain(name, getattr(sent, name)), plain(name, getattr(back, name))
            if exempt(name, self.version):
                if name not in ("orderId", "clientId", "permId") and one != blank and one == other:
                    self.told.add(name)
                continue
            self.values += 1
            if self.version < PROTOBUF and name in EMPTY_IS_ZERO and one == EMPTY_IS_ZERO[name] and not other:
                continue
            if one != other:
                self.differ(name, one, other)
            elif one != blank:
                self.carried[name] = self.carried.get(name, 0) + 1
        for name in ("symbol", "secType", "exchange", "currency", "comboLegs", "deltaNeutralContract"):
            one, other = plain(name, getattr(sent_contract, name)), plain(name, getattr(back_contract, name))
            self.values += 1
            if one != other:
                self.differ("contract." + name, one, other)

    def report(self):
        can = [name for name in vars(self.blank) if not exempt(name, self.version) and is_legal(name, self.version)]
        holes = [name for name in can if name not in self.carried and name not in self.differences]
        return {
            "version": self.version, "orders": self.orders, "values": self.values, "fields": len(can),
            "differences": list(self.differences.values()), "refused": list(self.refused.values()), "holes": holes,
            "exempt": [{"field": name, "reason": exempt(name, self.version)} for name in vars(self.blank)
                       if exempt(name, self.version) and is_legal(name, self.version)],
            # A listed field that comes back would be one that the list is wrong about.
            "listed": sorted(name for name in self.told if EXEMPT[name][1] not in (SERVERS_OWN, BY_DESIGN)),
        }


def batch(client, heard, draw, tally, login, first, count):
    """Sends some orders, compares what comes back and cancels them."""
    sent = {}
    parent = 0
    for order_id in range(first, first + count):
        contract = draw.pair()
        order = draw.legal_order(contract, login, parent if draw.flag(0.2) and contract.secType != "BAG" else 0)
        sent[order_id] = (contract, order)
        client.placeOrder(order_id, contract, order)
        if not parent and contract.secType != "BAG" and not order.faGroup:
            parent = order_id

    def settled():
        back = {entry[0]: entry for entry in heard.of("openOrder")}
        refusals = {entry[0] for entry in heard.of("error") if entry[0] in sent and entry[1] not in WARNINGS}
        return back if set(back) | refusals >= set(sent) else None

    try:
        back = heard.wait("openOrder of every order", settled)
    except Unanswered:
        back = {entry[0]: entry for entry in heard.of("openOrder")}
        told = {entry[0] for entry in heard.of("error")}
        for order_id in set(sent) - set(back) - told:
            kind = "%(orderType)s %(tif)s" % vars(sent[order_id][1])
            tally.refused.setdefault(kind, {"code": 0, "text": "no answer to " + kind, "count": 0})["count"] += 1
    for order_id, (contract, order) in sent.items():
        if order_id in back:
            tally.compare((order_id, client.clientId), contract, order, back[order_id][1], back[order_id][2])
    for order_id, code, text in heard.of("error"):
        if order_id in sent and order_id not in back:
            tally.refused.setdefault((code, text), {"code": code, "text": text, "count": 0})["count"] += 1
    for order_id in back:
        client.cancelOrder(order_id, OrderCancel())
    done = ("Cancelled", "ApiCancelled", "Inactive")

    def ended():
        return {entry[0] for entry in heard.of("orderStatus") if entry[1] in done} >= set(back)

    heard.wait("end of every order", ended)
    heard.forget("openOrder", "orderStatus", "error")


# Notices that leave an order as it is.
WARNINGS = {399, 404, 2109, 10349}


def play(client, heard, tally, login, orders, seed):
    if client.serverVersion() != tally.version:
        raise SystemExit("the client settled on %d" % client.serverVersion())
    order_id = heard.first("nextValidId")[0]
    draw = Legal(random.Random("%s %s" % (seed, tally.version)), tally.version)
    attempts = 0
    while tally.orders < orders and attempts < 3 * orders:
        count = min(BATCH, orders - tally.orders)
        batch(client, heard, draw, tally, login, order_id, count)
        order_id, attempts = order_id + count, attempts + count


def main():
    host, port, client_id, account, version, orders, seed, advisor, group = sys.argv[1:10]
    heard = Heard()
    client = Client(heard)
    client.start(host, int(port), int(client_id))
    tally = Tally(int(version))
    try:
        play(client, heard, tally, Login(account, advisor, group), int(orders), seed)
    finally:
        client.disconnect()  # or its reader keeps the process
    print(json.dumps(tally.report()))


if __name__ == "__main__":
    main()
