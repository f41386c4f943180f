"""IB's own Python client, unchanged, against the simulator.

usage: driver.py HOST PORT CLIENT_ID ACCOUNT VERSION
"""

import datetime
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from ibapi.client import EClient  # noqa: E402
from ibapi.contract import Contract  # noqa: E402
from ibapi.execution import ExecutionFilter  # noqa: E402
from ibapi.order import Order  # noqa: E402
from ibapi.order_cancel import OrderCancel  # noqa: E402
from ibapi.wrapper import EWrapper  # noqa: E402

from stage import (  # noqa: E402
    CONTRACT_ID, ENTRY, FAR, FARTHER, HIGHER, LARGER, LONG_NAME, MOVED, OPENING, QUANTITY, STOP_LOSS, SYMBOL,
    TAKE_PROFIT, TARGET, Heard, check, check_bars, do, holds, is_money, number, quote, run, same, say,
)

BID, ASK, LAST, BID_SIZE, ASK_SIZE, LAST_SIZE, VOLUME = 1, 2, 4, 0, 3, 5, 8
TAGS = "NetLiquidation,TotalCashValue,GrossPositionValue,BuyingPower,AccountType"


class Client(EWrapper, EClient):
    """Keeps what the callbacks say."""

    def __init__(self, heard):
        EWrapper.__init__(self)
        EClient.__init__(self, wrapper=self)
        self.heard = heard

    def start(self, host, port, client_id):
        self.connect(host, port, client_id)
        holds("the client is not connected", self.isConnected())
        self.reader = threading.Thread(target=self.run, daemon=True)
        self.reader.start()

    def nextValidId(self, orderId):
        self.heard.note("nextValidId", orderId)

    def managedAccounts(self, accountsList):
        self.heard.note("managedAccounts", accountsList)

    def currentTime(self, time):
        self.heard.note("currentTime", time)

    def contractDetails(self, reqId, contractDetails):
        self.heard.note("contractDetails", reqId, contractDetails)

    def contractDetailsEnd(self, reqId):
        self.heard.note("contractDetailsEnd", reqId)

    def tickPrice(self, reqId, tickType, price, attrib):
        self.heard.note("ticks", reqId, int(tickType), number(price))

    def tickSize(self, reqId, tickType, size):
        self.heard.note("ticks", reqId, int(tickType), number(size))

    def historicalData(self, reqId, bar):
        self.heard.note("bars", reqId, bar)

    def historicalDataEnd(self, reqId, start, end):
        self.heard.note("barsEnd", reqId, start, end)

    def openOrder(self, orderId, contract, order, orderState):
        self.heard.note("openOrder", orderId, contract, order, orderState)

    def openOrderEnd(self):
        self.heard.note("openOrderEnd")

    def orderStatus(self, orderId, status, filled, remaining, avgFillPrice, permId, parentId, lastFillPrice, clientId,
                    whyHeld, mktCapPrice):
        self.heard.note("orderStatus", orderId, status, number(filled), number(remaining), number(avgFillPrice), permId,
                        parentId, clientId)

    def execDetails(self, reqId, contract, execution):
        self.heard.note("execDetails", reqId, contract, execution)

    def execDetailsEnd(self, reqId):
        self.heard.note("execDetailsEnd", reqId)

    def commissionAndFeesReport(self, commissionAndFeesReport):
        self.heard.note("commission", commissionAndFeesReport)

    def position(self, account, contract, position, avgCost):
        self.heard.note("position", account, contract, number(position), number(avgCost))

    def positionEnd(self):
        self.heard.note("positionEnd")

    def accountSummary(self, reqId, account, tag, value, currency):
        self.heard.note("summary", reqId, account, tag, value, currency)

    def accountSummaryEnd(self, reqId):
        self.heard.note("summaryEnd", reqId)

    def pnl(self, reqId, dailyPnL, unrealizedPnL, realizedPnL):
        self.heard.note("pnl", reqId, dailyPnL, unrealizedPnL, realizedPnL)

    def pnlSingle(self, reqId, pos, dailyPnL, unrealizedPnL, realizedPnL, value):
        self.heard.note("pnlSingle", reqId, number(pos), dailyPnL, unrealizedPnL, realizedPnL, value)

    def error(self, reqId, errorTime, errorCode, errorString, advancedOrderRejectJson=""):
        self.heard.note("error", reqId, errorCode, errorString)

    def connectionClosed(self):
        self.heard.note("connectionClosed")


def stock(symbol=SYMBOL):
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = symbol, "STK", "SMART", "USD"
    return contract


def order(action, kind, quantity, account, **fields):
    made = Order()
    made.action, made.orderType, made.totalQuantity, made.account, made.tif = action, kind, quantity, account, "DAY"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


class Play:
    def __init__(self, host, port, client_id, account, version):
        self.host, self.port, self.client_id, self.account, self.version = host, port, client_id, account, version
        self.heard = Heard()
        self.client = Client(self.heard)
        self.next_id = 1
        self.far = None
        self.bracket = None

    # How the client's callbacks are waited for.

    def status(self, order_id, *wanted):
        """The latest status of an order, once it is one of these."""

        def latest():
            own = [entry for entry in self.heard.of("orderStatus") if entry[0] == order_id]
            return own[-1] if own and own[-1][1] in wanted else None

        return self.heard.wait("status %s of order %d" % (" or ".join(wanted), order_id), latest)

    def tick(self, request, kind, value):
        def latest():
            own = [told for asked, of, told in self.heard.of("ticks") if (asked, of) == (request, kind)]
            return bool(own) and own[-1] == number(value)

        self.heard.wait("tick %d of %s" % (kind, value), latest)

    def executions(self, request):
        self.client.reqExecutions(request, ExecutionFilter())
        self.heard.first("execDetailsEnd", lambda asked: asked == request)
        return [(contract, execution) for asked, contract, execution in self.heard.of("execDetails") if asked == request]

    def commission(self, execution_id):
        return self.heard.first("commission", lambda report: report.execId == execution_id)[0]

    def place(self, contract, made):
        order_id, self.next_id = self.next_id, self.next_id + 1
        self.client.placeOrder(order_id, contract, made)
        return order_id

    # The checks, in the order in which they are played.

    def connect(self, remarks):
        self.client.start(self.host, self.port, self.client_id)
        same("serverVersion", self.client.serverVersion(), self.version)
        same("managedAccounts", self.heard.first("managedAccounts")[0], self.account)
        self.next_id = self.heard.first("nextValidId")[0]
        holds("nextValidId is %d" % self.next_id, self.next_id >= 1)
        remarks.append("version %d" % self.version)

    def server_time(self, remarks):
        self.client.reqCurrentTime()
        told = self.heard.first("currentTime")[0]
        true = do("time")["seconds"]
        holds("the time is %d, told was %d" % (true, told), abs(true - told) <= 5)

    def contract_details(self, remarks):
        self.client.reqContractDetails(11, stock())
        self.heard.first("contractDetailsEnd", lambda asked: asked == 11)
        found = [details for asked, details in self.heard.of("contractDetails") if asked == 11]
        same("the number of contracts", len(found), 1)
        details, contract = found[0], found[0].contract
        same("conId", contract.conId, CONTRACT_ID)
        told = (contract.symbol, contract.secType, contract.exchange, contract.currency, contract.primaryExchange)
        same("the contract", told, (SYMBOL, "STK", "SMART", "USD", "NYSE"))
        same("longName", details.longName, LONG_NAME)
        same("minTick", details.minTick, 0.01)
        same("timeZoneId", details.timeZoneId, "US/Eastern")
        holds("validExchanges are %r" % details.validExchanges, {"SMART", "NYSE"} <= set(details.validExchanges.split(",")))
        holds("no liquidHours", "20261123:0930-20261123:1600" in details.liquidHours)
        self.client.reqContractDetails(12, stock("NOSUCHTHING"))
        same("the error", self.heard.first("error", lambda asked, *_: asked == 12)[1], 200)

    def quotes(self, remarks):
        quote(OPENING)
        do("trade", symbol=SYMBOL, price="100.00", size="200")
        self.client.reqMktData(21, stock(), "", False, False, [])
        for kind, value in ((BID, OPENING["bid"]), (ASK, OPENING["ask"]), (BID_SIZE, OPENING["bid_size"]),
                            (ASK_SIZE, OPENING["ask_size"]), (LAST, "100.00"), (LAST_SIZE, "200"), (VOLUME, "200")):
            self.tick(21, kind, value)
        quote(MOVED)
        for kind, name in ((BID, "bid"), (ASK, "ask"), (BID_SIZE, "bid_size"), (ASK_SIZE, "ask_size")):
            self.tick(21, kind, MOVED[name])
        self.client.cancelMktData(21)
        quote(OPENING)

    def historical_bars(self, remarks):
        end = "20261120 16:00:00 US/Eastern"
        for request, size in ((31, "5 mins"), (32, "1 day")):
            self.client.reqHistoricalData(request, stock(), end, "1 D", size, "TRADES", 1, 2 if request == 31 else 1, False, [])
            self.heard.first("barsEnd", lambda asked, *_, request=request: asked == request)
        rows = {31: [], 32: []}
        for request, bar in self.heard.of("bars"):
            rows[request].append((bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume))
        same("the number of daily bars", len(rows[32]), 1)
        same("the day of the daily bar", rows[32][0][0], "20261120")
        bars = [(int(row[0]), *row[1:]) for row in rows[31]]
        check_bars(bars, rows[32][0], 300)
        opened = datetime.datetime(2026, 11, 20, 14, 30, tzinfo=datetime.timezone.utc)
        same("the first bar", bars[0][0], int(opened.timestamp()))
        remarks.append("%d bars" % len(bars))

    def place_far(self, remarks):
        self.far = self.place(stock(), order("BUY", "LMT", QUANTITY, self.account, lmtPrice=float(FAR), orderRef="far"))
        status = self.status(self.far, "PreSubmitted", "Submitted")
        same("filled and remaining", status[2:4], (0, QUANTITY))
        same("clientId", status[7], self.client_id)
        _, contract, placed, state = self.heard.first("openOrder", lambda order_id, *_: order_id == self.far)
        same("conId", contract.conId, CONTRACT_ID)
        told = (placed.action, placed.orderType, placed.tif, placed.account, placed.orderRef, placed.clientId)
        same("the order", told, ("BUY", "LMT", "DAY", self.account, "far", self.client_id))
        same("lmtPrice", number(placed.lmtPrice), number(FAR))
        same("totalQuantity", number(placed.totalQuantity), QUANTITY)
        holds("permId is %s" % placed.permId, placed.permId > 0 and placed.permId == status[5])
        remarks.append(status[1])

    def modify(self, remarks):
        before = self.status(self.far, "PreSubmitted", "Submitted")
        self.heard.forget("openOrder")
        changed = order("BUY", "LMT", LARGER, self.account, lmtPrice=float(FARTHER), orderRef="far")
        self.client.placeOrder(self.far, stock(), changed)
        placed = self.heard.first(
            "openOrder", lambda order_id, _, told, __: order_id == self.far and number(told.lmtPrice) == number(FARTHER),
        )[2]
        same("totalQuantity", number(placed.totalQuantity), LARGER)
        same("permId", placed.permId, before[5])
        self.heard.wait("status with the new size", lambda: self.status(self.far, "PreSubmitted", "Submitted")[3] == LARGER)

    def cancel(self, remarks):
        self.client.cancelOrder(self.far, OrderCancel())
        status = self.status(self.far, "Cancelled", "ApiCancelled")
        same("filled", status[2], 0)
        self.heard.first("error", lambda asked, code, *_: (asked, code) == (self.far, 202))
        self.client.cancelOrder(999_999, OrderCancel())
        same("the error", self.heard.first("error", lambda asked, *_: asked == 999_999)[1], 10147)
        self.heard.forget("openOrder", "openOrderEnd")
        self.client.reqOpenOrders()
        self.heard.first("openOrderEnd")
        same("open orders", [order_id for order_id, *_ in self.heard.of("openOrder")], [])

    def enter(self, remarks):
        """The first half of the bracket: the parent fills at the quote, and the children go to work."""
        parent = self.next_id
        legs = [
            order("BUY", "LMT", QUANTITY, self.account, lmtPrice=float(ENTRY), transmit=False, orderRef="bracket"),
            order("SELL", "LMT", QUANTITY, self.account, lmtPrice=float(TAKE_PROFIT), parentId=parent, transmit=False),
            order("SELL", "STP", QUANTITY, self.account, auxPrice=float(STOP_LOSS), parentId=parent, transmit=True),
        ]
        self.bracket = [self.place(stock(), leg) for leg in legs]
        parent, profit, stop = self.bracket
        filled = self.status(parent, "Filled")
        same("filled, remaining and average price", filled[2:5], (QUANTITY, 0, number(OPENING["ask"])))
        self.status(profit, "Submitted")
        same("parentId", self.status(stop, "PreSubmitted")[6], parent)

    def positions(self, remarks):
        self.client.reqPositions()
        self.heard.first("positionEnd")
        told = [entry for entry in self.heard.of("position") if entry[1].conId == CONTRACT_ID]
        same("the number of positions", len(told), 1)
        account, contract, position, cost = told[0]
        same("the position", (account, contract.symbol, position), (self.account, SYMBOL, QUANTITY))
        bought = next(entry[2] for entry in self.heard.of("execDetails") if entry[2].orderId == self.bracket[0])
        charged = number(self.commission(bought.execId).commissionAndFees)
        is_money("the cost", cost * QUANTITY, number(OPENING["ask"]) * QUANTITY + charged)

    def account_summary(self, remarks):
        quote(HIGHER)
        self.client.reqAccountSummary(61, "All", TAGS)
        self.heard.first("summaryEnd", lambda asked: asked == 61)
        told = {tag: (value, currency) for asked, account, tag, value, currency in self.heard.of("summary")
                if asked == 61 and account == self.account}
        true = do("book", account=self.account, symbol=SYMBOL)
        same("the tags", sorted(told), sorted(TAGS.split(",")))
        for tag, name in (("NetLiquidation", "net_liquidation"), ("TotalCashValue", "cash"),
                          ("GrossPositionValue", "gross_position_value")):
            is_money(tag, told[tag][0], true[name])
            same("the currency of " + tag, told[tag][1], "USD")
        self.client.cancelAccountSummary(61)
        remarks.append("net liquidation %s" % told["NetLiquidation"][0])

    def profit(self, remarks):
        true = do("book", account=self.account, symbol=SYMBOL)
        self.client.reqPnL(71, self.account, "")
        self.client.reqPnLSingle(72, self.account, "", CONTRACT_ID)
        _, daily, unrealized, realized = self.heard.first("pnl", lambda asked, *_: asked == 71)
        is_money("unrealizedPnL", unrealized, true["unrealized"])
        is_money("realizedPnL", realized, 0)
        is_money("dailyPnL", daily, true["unrealized"])
        single = self.heard.first("pnlSingle", lambda asked, *_: asked == 72)
        same("the position", single[1], QUANTITY)
        is_money("unrealizedPnL of the position", single[3], true["unrealized"])
        is_money("the value of the position", single[5], true["gross_position_value"])
        remarks.append("unrealized %s" % true["unrealized"])

    def take_profit(self, remarks):
        parent, profit, stop = self.bracket
        quote(TARGET)
        filled = self.status(profit, "Filled")
        same("filled, remaining and average price", filled[2:5], (QUANTITY, 0, number(TAKE_PROFIT)))
        same("filled of the stop", self.status(stop, "Cancelled")[2], 0)
        # The position is closed, and whoever asked for positions and profit hears of it.
        self.heard.first("position", lambda _, contract, position, __: contract.conId == CONTRACT_ID and position == 0)
        remarks.append("%s to %s" % (OPENING["ask"], TAKE_PROFIT))

    def realized(self):
        earned = (number(TAKE_PROFIT) - number(OPENING["ask"])) * QUANTITY
        charges = {report.execId: number(report.commissionAndFees) for report, in self.heard.of("commission")}
        return earned - sum(charges.values())

    def profit_is_realized(self, remarks):
        expected = self.realized()

        def latest():
            own = [entry for entry in self.heard.of("pnl") if entry[0] == 71]
            return own and abs(number(own[-1][3]) - expected) < number("0.005") and abs(number(own[-1][2])) < number("0.005")

        self.heard.wait("profit of %s realized" % expected, latest)
        self.client.cancelPnL(71)
        self.client.cancelPnLSingle(72)
        remarks.append(expected)

    def check_executions(self, remarks):
        found = self.executions(81)
        same("the number of executions", len(found), 2)
        parent, profit, _ = self.bracket
        for (contract, execution), (order_id, side, price) in zip(
                found, ((parent, "BOT", OPENING["ask"]), (profit, "SLD", TAKE_PROFIT))):
            told = (contract.conId, execution.orderId, execution.clientId, execution.side, execution.acctNumber)
            same("the execution", told, (CONTRACT_ID, order_id, self.client_id, side, self.account))
            same("shares", number(execution.shares), QUANTITY)
            same("cumQty", number(execution.cumQty), QUANTITY)
            same("price", number(execution.price), number(price))
            same("avgPrice", number(execution.avgPrice), number(price))
            holds("the time is %r" % execution.time, execution.time.startswith("20261123 "))
            holds("permId is %s" % execution.permId, execution.permId > 0)
        same("orderRef", found[0][1].orderRef, "bracket")
        live = [execution.execId for asked, _, execution in self.heard.of("execDetails") if asked == -1]
        same("the execution ids told live", sorted(live), sorted(execution.execId for _, execution in found))

    def commissions(self, remarks):
        live = [execution.execId for asked, _, execution in self.heard.of("execDetails") if asked == -1]
        same("the number of live executions", len(live), 2)
        reports = [self.commission(execution_id) for execution_id in live]
        for report in reports:
            same("the currency", report.currency, "USD")
            holds("the commission is %s" % report.commissionAndFees, 1 <= report.commissionAndFees < 2)
        is_money("realizedPNL of the sale", reports[1].realizedPNL, self.realized())
        remarks.append(" and ".join(str(report.commissionAndFees) for report in reports))

    def reconnect(self, remarks):
        kept = self.place(stock(), order("BUY", "LMT", QUANTITY, self.account, lmtPrice=float(FAR), orderRef="kept"))
        before = self.status(kept, "PreSubmitted", "Submitted")
        do("cut")
        self.heard.first("connectionClosed")
        self.client.disconnect()
        self.heard.forget("openOrder", "orderStatus", "nextValidId", "managedAccounts")
        self.client = Client(self.heard)
        self.client.start(self.host, self.port, self.client_id)
        next_id = self.heard.first("nextValidId")[0]
        holds("nextValidId is %d after order %d" % (next_id, kept), next_id > kept)
        self.next_id = next_id
        # TWS tells a client its open orders unasked.
        _, _, placed, _ = self.heard.first("openOrder", lambda order_id, *_: order_id == kept)
        same("permId", placed.permId, before[5])
        same("lmtPrice", number(placed.lmtPrice), number(FAR))
        same("orderRef", placed.orderRef, "kept")
        same("the number of executions", len(self.executions(91)), 2)
        self.client.cancelOrder(kept, OrderCancel())
        self.status(kept, "Cancelled", "ApiCancelled")

    def told(self):
        """What the client believes at the end."""
        rows = {}
        for _, contract, execution in self.heard.of("execDetails"):
            report = self.commission(execution.execId)
            rows[execution.execId] = {
                "execution_id": execution.execId, "side": execution.side, "quantity": str(number(execution.shares)),
                "price": str(number(execution.price)), "permanent_id": execution.permId,
                "commission": str(number(report.commissionAndFees)),
            }
        say(told=list(rows.values()))


def main():
    host, port, client_id, account, version = sys.argv[1:6]
    play = Play(host, int(port), int(client_id), account, int(version))
    before = (
        ("connect", play.connect), ("server time", play.server_time), ("contract details", play.contract_details),
        ("quotes", play.quotes), ("historical bars", play.historical_bars), ("place", play.place_far),
        ("modify", play.modify), ("cancel", play.cancel),
    )
    holding = (("positions", play.positions), ("account summary", play.account_summary), ("profit and loss", play.profit))
    after = (
        ("realized profit", play.profit_is_realized), ("executions", play.check_executions),
        ("commissions", play.commissions), ("reconnect", play.reconnect),
    )
    try:
        run(before)
        with check("bracket") as remarks:
            play.enter(remarks)
            run(holding)
            play.take_profit(remarks)
        run(after)
        play.told()
    finally:
        play.client.disconnect()  # or its reader keeps the process


if __name__ == "__main__":
    main()
