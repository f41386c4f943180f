"""Random values, from a seed: arguments of the client's methods and fields of its protobuf messages."""

import inspect
import re
from decimal import Decimal

UNSET_DOUBLE = 1.7976931348623157e308
UNSET_INTEGER = 2147483647
UNSET_DECIMAL = Decimal("170141183460469231731687303715884105727")

# First server version of what the client refuses, or drops in silence, below it.
ORDER_GATES = dict(
    customerAccount=183, professionalCustomer=184, bondAccruedInterest=185, includeOvernight=189, extOperator=105,
    manualOrderIndicator=192, imbalanceOnly=199, deactivate=216, postOnly=216, allowPreOpen=216, ignoreOpenAuction=216,
    routeMarketableToBbo=217, seekPriceImprovement=217, whatIfType=217, slOrderId=218, slOrderType=218, ptOrderId=218,
    ptOrderType=218, hedgeMaxSize=223, conditionsIncludeOvernight=226,
)
ARGUMENT_GATES = dict(manualOrderTime=180, customerAccount=183, professionalCustomer=184)
# Numbers in the client's signatures and protobuf messages that only say yes or no.
FLAGS = {"useRTH", "useRth", "override", "routeMarketableToBbo", "seekPriceImprovement", "usePriceMgmtAlgo"}
# The text form of an order has no place for these.
ORDER_PROTOBUF_ONLY = (
    "autoCancelDate", "shareholder", "bondAccruedInterest", "submitter", "parentPermId", "refFuturesConId", "filledQuantity",
)


class Draw:
    """Draws values; every one follows from the seed."""

    def __init__(self, random, version):
        self.random = random
        self.version = version

    def flag(self, chance=0.5):
        return self.random.random() < chance

    def word(self):
        return self.random.choice(["", "A", "x y", "DU123", "SMART", "a=b", "20260102 10:00:00", "Z-9/;:"])

    def integer(self):
        return self.random.choice([UNSET_INTEGER, 0, 1, 2, 7, -1, self.random.randint(0, 10**6)])

    def double(self):
        some = round(self.random.uniform(-1e5, 1e5), self.random.randint(0, 6))
        return self.random.choice([UNSET_DOUBLE, 0.0, 1.5, 181.25, -3.75, 1e-7, some])

    def decimal(self):
        return self.random.choice([UNSET_DECIMAL, Decimal(100), Decimal("0.5"), Decimal("12345678.123")])

    def tags(self):
        return [self.tag_value(at) for at in range(self.random.randint(0, 3))]

    def tag_value(self, at):
        from ibapi.tag_value import TagValue

        return TagValue("t%d" % at, self.random.choice(["1", "abc", ""]))

    def fill(self, target, skip=()):
        """Draws every plain attribute of an object of the client."""
        for name, value in list(vars(target).items()):
            if name in skip:
                continue
            if isinstance(value, bool):
                setattr(target, name, self.flag())
            elif isinstance(value, Decimal):
                setattr(target, name, self.decimal())
            elif name == "discretionaryAmt" or isinstance(value, float):
                setattr(target, name, self.double())
            elif isinstance(value, int):
                setattr(target, name, self.integer())
            elif isinstance(value, str):
                setattr(target, name, self.word())
        return target

    def contract(self, of):
        from ibapi.contract import ComboLeg, Contract, DeltaNeutralContract

        contract = Contract()
        for name in ("symbol", "lastTradeDateOrContractMonth", "right", "exchange", "primaryExchange", "currency",
                     "localSymbol", "tradingClass"):
            setattr(contract, name, self.word())
        contract.secType = self.random.choice(["STK", "OPT", "FUT", "CASH", ""])
        contract.conId = self.random.choice([0, 5, 10**6])
        strike = self.double()
        # To an old client a strike of 0 is unset, and it has no way to write the other.
        contract.strike = strike if strike != UNSET_DOUBLE or contract.strike else 0.0
        contract.multiplier = self.random.choice(["", "100", "0.5"])
        if of == "placeOrder":
            contract.secIdType, contract.secId = self.word(), self.word()
            contract.exchange = self.random.choice(["SMART", "IBKRATS", "NYSE"])
        if of == "reqContractDetails":
            contract.secIdType, contract.secId, contract.issuerId = self.word(), self.word(), self.word()
        if of in ("reqContractDetails", "reqHistoricalData", "reqHeadTimeStamp", "reqHistogramData", "reqHistoricalTicks"):
            contract.includeExpired = self.flag()
        if of in ("placeOrder", "reqMktData", "reqHistoricalData") and self.flag(0.4):
            contract.secType = "BAG"
            for _ in range(self.random.randint(0, 3)):
                leg = ComboLeg()
                leg.conId, leg.ratio, leg.action, leg.exchange = self.integer(), self.integer(), self.word(), self.word()
                if of == "placeOrder":
                    leg.openClose, leg.shortSaleSlot = self.integer(), self.integer()
                    leg.designatedLocation, leg.exemptCode = self.word(), self.integer()
                contract.comboLegs = (contract.comboLegs or []) + [leg]
        contract.comboLegs = contract.comboLegs or []
        if of in ("placeOrder", "reqMktData") and self.flag(0.3):
            hedge = DeltaNeutralContract()
            hedge.conId, hedge.delta, hedge.price = self.integer(), self.double(), self.double()
            contract.deltaNeutralContract = hedge
        return contract

    def condition(self):
        from ibapi import order_condition

        condition = order_condition.Create(self.random.choice([1, 3, 4, 5, 6, 7]))
        sets = dict(
            isMore=self.flag(), conId=self.random.choice([0, 5, 10**6]), exchange=self.word(), price=self.random.choice([1.5, 0.25]),
            triggerMethod=self.random.choice([0, 1, 2, 7]), time="20260101 10:00:00", percent=30, secType="STK", symbol=self.word(),
            volume=100, changePercent=2.5,
        )
        for name, value in sets.items():
            if name in vars(condition):
                setattr(condition, name, value)
        condition.isConjunctionConnection = self.flag()
        return condition

    def order(self, contract):
        from ibapi.order import Order, OrderComboLeg
        from ibapi.softdollartier import SoftDollarTier

        order, blank = self.fill(Order()), Order()
        order.orderId = order.clientId = order.permId = 0
        order.action = self.random.choice(["BUY", "SELL", "SSHORT"])
        kinds = ["LMT", "MKT", "PEG BENCH", "PEGBENCH", "PEG BEST", "PEG MID", "TRAIL", "VOL", "REL"]
        if not hasattr(blank, "customerAccount"):
            kinds.remove("PEGBENCH")  # an old client knows one spelling alone
        order.orderType = self.random.choice(kinds)
        order.softDollarTier = SoftDollarTier(self.word(), self.word(), "")
        if self.flag(0.2):
            order.competeAgainstBestOffset = float("inf")
        for name, gate in ORDER_GATES.items():
            if self.version < gate and hasattr(blank, name):
                setattr(order, name, getattr(blank, name))
        order.usePriceMgmtAlgo = self.random.choice([None, True, False])
        if self.version >= 217:
            order.routeMarketableToBbo = self.random.choice([None, True, False])
            order.seekPriceImprovement = self.random.choice([None, True, False])
        order.algoStrategy = self.random.choice(["", "Adaptive"])
        order.algoParams = self.tags() if order.algoStrategy else None
        order.conditions = [self.condition() for _ in range(self.random.randint(0, 3))]
        if contract.secType == "BAG":
            order.smartComboRoutingParams = self.tags()
            if contract.comboLegs and self.flag():
                order.orderComboLegs = []
                for _ in contract.comboLegs:
                    leg = OrderComboLeg()
                    leg.price = self.random.choice([1.5, UNSET_DOUBLE, -0.25])
                    order.orderComboLegs.append(leg)
                # Prices of which none is set say what no prices say; protobuf cannot even tell the two apart.
                if all(leg.price == UNSET_DOUBLE for leg in order.orderComboLegs):
                    order.orderComboLegs = None
        if self.flag(0.3):
            order.orderMiscOptions = self.tags()
        if self.version < 203:
            for name in ORDER_PROTOBUF_ONLY:
                if hasattr(blank, name):
                    setattr(order, name, getattr(blank, name))
        return order

    def arguments(self, method, protobuf):
        """Arguments of one method of the client, by the annotations of its parameters; None where it has unknown ones."""
        arguments = []
        contract = None
        for name, parameter in list(inspect.signature(method).parameters.items())[1:]:
            kind = getattr(parameter.annotation, "__name__", str(parameter.annotation))
            if name == "faData":
                value = self.random.choice([1, 3])
            elif self.version < ARGUMENT_GATES.get(name, 0):
                value = False if kind == "bool" else ""
            elif name in FLAGS:
                value = self.random.choice([0, 1])
            elif kind in ("int", "TickerId", "OrderId") and name.lower() in ("reqid", "orderid", "tickerid"):
                value = self.random.randint(0, 10**6)
            elif kind in ("int", "TickerId", "OrderId"):
                value = self.integer() if name in ("numberOfTicks",) else self.random.choice([0, 1, 2, 7, 10**6])
            elif kind == "bool":
                value = self.flag()
            elif kind == "float":
                value = self.random.choice([0.0, 0.25, 1.5, 181.25])
            elif kind == "str":
                value = self.word()
            elif kind == "Contract":
                value = contract = self.contract(method.__name__)
            elif kind == "Order":
                value = self.order(contract)
            elif kind == "OrderCancel":
                value = self.cancel()
            elif kind == "ExecutionFilter":
                value = self.filter()
            elif kind == "ScannerSubscription":
                value = self.fill(make("scanner", kind))
            elif kind == "WshEventData":
                value = self.fill(make("common", kind))
            elif name.lower().endswith("options"):
                # In text the client takes options of some requests and sends none of others.
                value = self.tags() if protobuf or self.flag() else []
            else:
                return None
            arguments.append(value)
        return arguments

    def cancel(self):
        cancel = make("order_cancel", "OrderCancel")
        cancel.manualOrderCancelTime = self.word()
        if self.version >= 192:
            cancel.extOperator, cancel.manualOrderIndicator = self.word(), self.integer()
        return cancel

    def filter(self):
        filtered = self.fill(make("execution", "ExecutionFilter"))
        if hasattr(filtered, "lastNDays"):
            filtered.specificDates = None
            if self.version >= 200:
                filtered.lastNDays = self.integer()
                filtered.specificDates = [20260101 + at for at in range(self.random.randint(0, 2))]
            else:
                filtered.lastNDays = UNSET_INTEGER
        return filtered


def make(module, name):
    """A blank object of a class of the client, wherever this build keeps it."""
    import importlib
    import pkgutil

    import ibapi

    places = [module] + [found.name for found in pkgutil.iter_modules(ibapi.__path__)]
    for place in places:
        try:
            found = getattr(importlib.import_module("ibapi." + place), name, None)
        except ImportError:
            continue
        if found:
            return found()
    raise LookupError(name)


def decimal_fields():
    """Names of protobuf strings that the client turns into decimals."""
    from ibapi import decoder

    texts = [inspect.getsource(decoder)]
    for name in ("decoder_utils", "client_utils"):
        try:
            texts.append(inspect.getsource(__import__("ibapi." + name, fromlist=["x"])))
        except ImportError:
            pass
    found = set()
    for text in texts:
        found.update(re.findall(r"Decimal\(\w+\.(\w+)\)", text))
    return found | {"totalQuantity", "filledQuantity", "minTick"}


# Fields whose values have to mean something: the client, or TWS, makes a number of the words; in words and in numbers.
SPECIAL = {
    "yieldRedemptionDate": (["20270115", "20301231"], [20270115, 20301231]),
    "multiplier": (["100", "0.5"], [100, 0.5]),
    "evMultiplier": (["100"], [0, 1, 100]),
    "impliedVol": (["0.25"], [0.0, 0.25, 1.5]),
}

# Messages of which all these fields are always drawn; none named means every one.
ALWAYS_SET = {"ComboLeg": [], "SmartComponent": [], "Order": ["exemptCode"], "IneligibilityReason": []}

# The fields of each kind of condition, beside `type`, `isConjunctionConnection`.
CONDITION_FIELDS = {
    1: ("isMore", "conId", "exchange", "price", "triggerMethod"),
    3: ("isMore", "time"),
    4: ("isMore", "percent"),
    5: ("secType", "exchange", "symbol"),
    6: ("isMore", "conId", "exchange", "volume"),
    7: ("isMore", "conId", "exchange", "changePercent"),
}


class DrawProtobuf:
    """Fills protobuf messages by what their descriptors say."""

    def __init__(self, random):
        self.random = random
        self.decimals = decimal_fields()

    def fill(self, message, presence=None, depth=0):
        presence = self.random.choice([1.0, 1.0, 0.8, 0.4]) if presence is None else presence
        for field in message.DESCRIPTOR.fields:
            required = field.name in ("reqId", "orderId", "id", "type", "conId", "tickType", "marketDataType")
            if not required and self.random.random() > presence:
                continue
            repeated = field.is_repeated if hasattr(field, "is_repeated") else field.label == 3
            if repeated and field.message_type and field.message_type.GetOptions().map_entry:
                for at in range(self.random.randint(0, 3)):
                    self.put_map(message, field, at, presence, depth)
            elif repeated:
                for _ in range(self.random.randint(0, 3)):
                    if field.message_type:
                        self.fill(getattr(message, field.name).add(), presence, depth + 1)
                    else:
                        getattr(message, field.name).append(self.scalar(field) or (7 if field.cpp_type != 9 else "x"))
            elif field.message_type:
                inner = getattr(message, field.name)
                inner.SetInParent()
                self.fill(inner, presence, depth + 1)
            else:
                setattr(message, field.name, self.scalar(field))
        self.shape(message)
        return message

    def put_map(self, message, field, at, presence, depth):
        entry = field.message_type.fields_by_name
        key = at + 1 if entry["key"].cpp_type in (1, 2, 3, 4) else "t%d" % at
        if entry["value"].message_type:
            self.fill(getattr(message, field.name)[key], presence, depth + 1)
        else:
            getattr(message, field.name)[key] = self.scalar(entry["value"])

    def scalar(self, field):
        kind = field.cpp_type
        if field.name in SPECIAL:
            return self.random.choice(SPECIAL[field.name][0 if kind == 9 else 1])
        if field.name in FLAGS and kind != 7:
            return self.random.choice([0, 1])
        if kind in (1, 3):
            return self.random.choice([0, 1, 2, 7, 100, self.random.randint(0, 10**6)])
        if kind in (2, 4):
            return self.random.choice([0, 1, 7, 10**9 + 7, 1763798400])
        if kind in (5, 6):
            return self.random.choice([0.0, 1.5, 181.25, -3.75, round(self.random.uniform(-1e5, 1e5), 4)])
        if kind == 7:
            return self.random.random() < 0.5
        if kind == 9 and field.name in self.decimals:
            return self.random.choice(["0", "100", "0.5", "12345678.123", "7"])
        if kind == 9:
            return self.random.choice(["A", "x y", "DU123", "SMART", "Z-9/:", "w%d" % self.random.randint(0, 99)])
        if kind == 8:
            return self.random.choice([value.number for value in field.enum_type.values])
        raise TypeError(field.full_name)

    def shape(self, message):
        """What the descriptor does not say: which fields go with which kind."""
        name = message.DESCRIPTOR.name
        if name in ALWAYS_SET:
            # The client has defaults of its own for what is absent here, and other ones in text.
            for field in message.DESCRIPTOR.fields:
                if field.name in (ALWAYS_SET[name] or [field.name]) and not message.HasField(field.name):
                    setattr(message, field.name, self.scalar(field))
        elif name == "OrderCondition":
            kind = self.random.choice(list(CONDITION_FIELDS))
            message.type = kind
            for field in message.DESCRIPTOR.fields:
                if field.name not in ("type", "isConjunctionConnection") + CONDITION_FIELDS[kind]:
                    message.ClearField(field.name)
        elif name == "SmartComponents":
            for at, component in enumerate(message.smartComponents):
                component.bitNumber = at  # the client keeps them by their bit
        elif name == "TickByTickData":
            kind = self.random.choice([1, 2, 3, 4])
            message.tickType = kind
            keep = {1: "historicalTickLast", 2: "historicalTickLast", 3: "historicalTickBidAsk", 4: "historicalTickMidPoint"}[kind]
            for field in message.DESCRIPTOR.fields:
                if field.message_type and field.name != keep:
                    message.ClearField(field.name)
            inner = getattr(message, keep)
            inner.SetInParent()
            if not inner.HasField("time"):
                inner.time = 5
