"""ib_async, unchanged, against the simulator.

usage: driver.py HOST PORT CLIENT_ID ACCOUNT VERSION
"""

import contextlib
import datetime
import logging
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from ib_async import IB, LimitOrder, Stock  # noqa: E402

from stage import (  # noqa: E402
    CONTRACT_ID, ENTRY, FAR, FARTHER, HIGHER, LARGER, LONG_NAME, MOVED, OPENING, QUANTITY, STEP_SECONDS, STOP_LOSS,
    SYMBOL, TAKE_PROFIT, TARGET, Unanswered, check, check_bars, do, holds, is_money, number, quote, run, same, say,
)

WORKING = ("PreSubmitted", "Submitted")


def differs(value, expected):
    return value is None or value != value or abs(number(value) - number(expected)) >= number("0.005")


class Play:
    def __init__(self, host, port, client_id, account, version):
        self.host, self.port, self.client_id, self.account, self.version = host, port, client_id, account, version
        self.ib = IB()
        self.ib.RequestTimeout = STEP_SECONDS
        self.stock = Stock(SYMBOL, "SMART", "USD")
        self.errors = []
        self.fills = {}
        self.ib.errorEvent += lambda request, code, text, contract: self.errors.append((request, code))
        self.ib.commissionReportEvent += lambda trade, fill, report: self.fills.__setitem__(report.execId, fill)
        self.far = self.bracket = self.pnl = self.single = None

    def wait(self, what, condition):
        deadline = time.monotonic() + STEP_SECONDS
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Unanswered("no %s within %d s" % (what, STEP_SECONDS))
            self.ib.sleep(0.02)

    def status(self, trade, *wanted):
        text = "status %s of order %d" % (" or ".join(wanted), trade.order.orderId)
        self.wait(text, lambda: trade.orderStatus.status in wanted)
        return trade.orderStatus

    def start(self):
        """Connects. The client asks for orders, positions, account values and executions by itself, and returns which of
        them it was not told."""
        unanswered = []
        handler = logging.Handler(logging.ERROR)
        handler.emit = lambda record: unanswered.append(record.getMessage()) if "timed out" in record.getMessage() else None
        logger = logging.getLogger("ib_async.ib")
        logger.addHandler(handler)
        try:
            self.ib.connect(self.host, self.port, self.client_id, timeout=STEP_SECONDS)
        finally:
            logger.removeHandler(handler)
        return unanswered

    def connect(self, remarks):
        unanswered = self.start()
        same("serverVersion", self.ib.client.serverVersion(), self.version)
        same("managedAccounts", self.ib.managedAccounts(), [self.account])
        same("what went unanswered", unanswered, [])
        # It asks for account values by itself.
        values = {value.tag: value for value in self.ib.accountValues(self.account) if value.currency == "USD"}
        is_money("NetLiquidation", values["NetLiquidation"].value if "NetLiquidation" in values else None, 1_000_000)
        remarks.append("version %d" % self.version)

    def server_time(self, remarks):
        told = self.ib.reqCurrentTime().timestamp()
        true = do("time")["seconds"]
        holds("the time is %d, told was %d" % (true, told), abs(true - told) <= 5)

    def contract_details(self, remarks):
        found = self.ib.reqContractDetails(self.stock)
        same("the number of contracts", len(found), 1)
        details, contract = found[0], found[0].contract
        same("conId", contract.conId, CONTRACT_ID)
        told = (contract.symbol, contract.secType, contract.exchange, contract.currency, contract.primaryExchange)
        same("the contract", told, (SYMBOL, "STK", "SMART", "USD", "NYSE"))
        same("longName", details.longName, LONG_NAME)
        same("minTick", details.minTick, 0.01)
        same("timeZoneId", details.timeZoneId, "US/Eastern")
        holds("validExchanges are %r" % details.validExchanges, {"SMART", "NYSE"} <= set(details.validExchanges.split(",")))
        sessions = [(str(s.start), str(s.end)) for s in details.liquidSessions()]
        holds("the sessions are %s" % sessions, ("2026-11-23 09:30:00-05:00", "2026-11-23 16:00:00-05:00") in sessions)
        same("what is found of a wrong symbol", self.ib.reqContractDetails(Stock("NOSUCHTHING", "SMART", "USD")), [])
        holds("no error 200", 200 in [code for _, code in self.errors])
        self.ib.qualifyContracts(self.stock)
        same("conId", self.stock.conId, CONTRACT_ID)

    def quotes(self, remarks):
        quote(OPENING)
        do("trade", symbol=SYMBOL, price="100.00", size="200")
        ticker = self.ib.reqMktData(self.stock, "", False, False)
        fields = dict(bid="bid", ask="ask", bid_size="bidSize", ask_size="askSize")

        def shows(levels):
            return all(not differs(getattr(ticker, field), levels[name]) for name, field in fields.items())

        self.wait("quote %s" % OPENING, lambda: shows(OPENING))
        self.wait("last price", lambda: not differs(ticker.last, "100.00") and not differs(ticker.lastSize, 200))
        same("volume", ticker.volume, 200)
        quote(MOVED)
        self.wait("quote %s" % MOVED, lambda: shows(MOVED))
        self.ib.cancelMktData(self.stock)
        quote(OPENING)

    def historical_bars(self, remarks):
        end = datetime.datetime(2026, 11, 20, 21, 0, tzinfo=datetime.timezone.utc)
        asked = dict(endDateTime=end, durationStr="1 D", whatToShow="TRADES", useRTH=True, timeout=STEP_SECONDS)
        fine = self.ib.reqHistoricalData(self.stock, barSizeSetting="5 mins", formatDate=2, **asked)
        daily = self.ib.reqHistoricalData(self.stock, barSizeSetting="1 day", formatDate=1, **asked)
        same("the number of daily bars", len(daily), 1)
        same("the day of the daily bar", daily[0].date, datetime.date(2026, 11, 20))
        row = lambda bar, at: (at, bar.open, bar.high, bar.low, bar.close, bar.volume)  # noqa: E731
        bars = [row(bar, int(bar.date.timestamp())) for bar in fine]
        check_bars(bars, row(daily[0], "20261120"), 300)
        opened = datetime.datetime(2026, 11, 20, 14, 30, tzinfo=datetime.timezone.utc)
        same("the first bar", bars[0][0], int(opened.timestamp()))
        remarks.append("%d bars" % len(bars))

    def place_far(self, remarks):
        wanted = LimitOrder("BUY", QUANTITY, float(FAR), tif="DAY", account=self.account, orderRef="far")
        self.far = self.ib.placeOrder(self.stock, wanted)
        status = self.status(self.far, *WORKING)
        same("filled and remaining", (status.filled, status.remaining), (0, QUANTITY))
        holds("permId is %s" % status.permId, status.permId > 0)
        # What the broker has, and not what the client remembers.
        held = [trade for trade in self.ib.reqAllOpenOrders() if trade.order.permId == status.permId]
        same("the number of open orders", len(held), 1)
        contract, order = held[0].contract, held[0].order
        same("conId", contract.conId, CONTRACT_ID)
        told = (order.action, order.orderType, order.tif, order.account, order.orderRef, order.clientId)
        same("the order", told, ("BUY", "LMT", "DAY", self.account, "far", self.client_id))
        same("lmtPrice", number(order.lmtPrice), number(FAR))
        same("totalQuantity", number(order.totalQuantity), QUANTITY)
        remarks.append(status.status)

    def modify(self, remarks):
        before = self.far.orderStatus.permId
        self.far.order.lmtPrice, self.far.order.totalQuantity = float(FARTHER), LARGER
        self.ib.placeOrder(self.stock, self.far.order)
        self.wait("status with the new size", lambda: self.far.orderStatus.remaining == LARGER)
        held = [trade for trade in self.ib.reqAllOpenOrders() if trade.order.orderId == self.far.order.orderId]
        same("the number of open orders", len(held), 1)
        same("permId", held[0].order.permId, before)
        same("lmtPrice", number(held[0].order.lmtPrice), number(FARTHER))
        same("totalQuantity", number(held[0].order.totalQuantity), LARGER)

    def cancel(self, remarks):
        self.ib.cancelOrder(self.far.order)
        status = self.status(self.far, "Cancelled", "ApiCancelled")
        same("filled", status.filled, 0)
        self.wait("notice 202", lambda: (self.far.order.orderId, 202) in self.errors)
        same("open orders", self.ib.reqAllOpenOrders(), [])

    def enter(self, remarks):
        legs = self.ib.bracketOrder("BUY", QUANTITY, float(ENTRY), float(TAKE_PROFIT), float(STOP_LOSS))
        for leg in legs:
            leg.account, leg.tif = self.account, "DAY"
        legs[0].orderRef = "bracket"
        self.bracket = [self.ib.placeOrder(self.stock, leg) for leg in legs]
        parent, profit, stop = self.bracket
        status = self.status(parent, "Filled")
        told = (status.filled, status.remaining)
        same("filled and remaining", told, (QUANTITY, 0))
        same("avgFillPrice", number(status.avgFillPrice), number(OPENING["ask"]))
        self.status(profit, "Submitted")
        self.status(stop, "PreSubmitted")
        same("parentId", stop.order.parentId, parent.order.orderId)

    def positions(self, remarks):
        own = self.wait("position", lambda: [p for p in self.ib.positions(self.account) if p.contract.conId == CONTRACT_ID])
        same("the position", own[0].position, QUANTITY)
        fill = self.wait("commission", lambda: self.bracket[0].fills and self.fills.get(self.bracket[0].fills[0].execution.execId))
        cost = number(OPENING["ask"]) * QUANTITY + number(fill.commissionReport.commission)
        is_money("the cost", number(own[0].avgCost) * QUANTITY, cost)

    def account_summary(self, remarks):
        quote(HIGHER)
        told = {value.tag: value for value in self.ib.accountSummary(self.account) if value.currency == "USD"}
        true = do("book", account=self.account, symbol=SYMBOL)
        for tag, name in (("NetLiquidation", "net_liquidation"), ("TotalCashValue", "cash"),
                          ("GrossPositionValue", "gross_position_value")):
            holds("no %s" % tag, tag in told)
            is_money(tag, told[tag].value, true[name])
        remarks.append("net liquidation %s" % told["NetLiquidation"].value)

    def profit(self, remarks):
        true = do("book", account=self.account, symbol=SYMBOL)
        self.pnl = self.ib.reqPnL(self.account)
        self.single = self.ib.reqPnLSingle(self.account, "", CONTRACT_ID)
        self.wait("pnl", lambda: not differs(self.pnl.unrealizedPnL, true["unrealized"]))
        is_money("realizedPnL", self.pnl.realizedPnL, 0)
        is_money("dailyPnL", self.pnl.dailyPnL, true["unrealized"])
        self.wait("pnlSingle", lambda: not differs(self.single.unrealizedPnL, true["unrealized"]))
        same("the position", self.single.position, QUANTITY)
        is_money("the value of the position", self.single.value, true["gross_position_value"])
        remarks.append("unrealized %s" % true["unrealized"])

    def take_profit(self, remarks):
        _, profit, stop = self.bracket
        quote(TARGET)
        status = self.status(profit, "Filled")
        same("filled and remaining", (status.filled, status.remaining), (QUANTITY, 0))
        same("avgFillPrice", number(status.avgFillPrice), number(TAKE_PROFIT))
        same("filled of the stop", self.status(stop, "Cancelled").filled, 0)
        self.wait("position of nothing", lambda: not self.ib.positions(self.account))
        remarks.append("%s to %s" % (OPENING["ask"], TAKE_PROFIT))

    def realized(self):
        earned = (number(TAKE_PROFIT) - number(OPENING["ask"])) * QUANTITY
        return earned - sum(number(fill.commissionReport.commission) for fill in self.fills.values())

    def profit_is_realized(self, remarks):
        self.wait("commissions", lambda: len(self.fills) == 2)
        expected = self.realized()
        self.wait("profit of %s realized" % expected, lambda: not differs(self.pnl.realizedPnL, expected))
        self.wait("nothing unrealized", lambda: not differs(self.pnl.unrealizedPnL, 0))
        self.ib.cancelPnL(self.account)
        self.ib.cancelPnLSingle(self.account, "", CONTRACT_ID)
        remarks.append(expected)

    def executions(self, remarks):
        found = self.ib.reqExecutions()
        same("the number of executions", len(found), 2)
        parent, profit, _ = self.bracket
        for fill, (trade, side, price) in zip(found, ((parent, "BOT", OPENING["ask"]), (profit, "SLD", TAKE_PROFIT))):
            execution = fill.execution
            told = (fill.contract.conId, execution.orderId, execution.clientId, execution.side, execution.acctNumber)
            same("the execution", told, (CONTRACT_ID, trade.order.orderId, self.client_id, side, self.account))
            for name, expected in (("shares", QUANTITY), ("cumQty", QUANTITY), ("price", price), ("avgPrice", price)):
                same(name, number(getattr(execution, name)), number(expected))
            same("permId", execution.permId, trade.order.permId)
            away = abs(execution.time.timestamp() - do("time")["seconds"])
            holds("the time is %s" % execution.time, away < 300)
        same("the execution ids told live", sorted(self.fills), sorted(fill.execution.execId for fill in found))

    def commissions(self, remarks):
        reports = [trade.fills[0].commissionReport for trade in self.bracket[:2]]
        for report in reports:
            same("the currency", report.currency, "USD")
            holds("the commission is %s" % report.commission, 1 <= report.commission < 2)
        is_money("realizedPNL of the sale", reports[1].realizedPNL, self.realized())
        remarks.append(" and ".join(str(report.commission) for report in reports))

    def reconnect(self, remarks):
        wanted = LimitOrder("BUY", QUANTITY, float(FAR), tif="DAY", account=self.account, orderRef="kept")
        kept = self.ib.placeOrder(self.stock, wanted)
        before = self.status(kept, *WORKING)
        gone = []
        self.ib.disconnectedEvent += lambda: gone.append(True)
        do("cut")
        with contextlib.suppress(ConnectionError):  # it is thrown at whoever lets the loop of the client run
            self.wait("end of the connection", lambda: gone)
        holds("the client has not noticed", gone and not self.ib.isConnected())
        same("what went unanswered", self.start(), [])
        again = [trade for trade in self.ib.openTrades() if trade.order.permId == before.permId]
        same("the number of open orders", len(again), 1)
        same("lmtPrice", number(again[0].order.lmtPrice), number(FAR))
        same("orderRef", again[0].order.orderRef, "kept")
        same("the number of executions", len(self.ib.fills()), 2)
        self.ib.cancelOrder(again[0].order)
        self.status(again[0], "Cancelled", "ApiCancelled")

    def told(self):
        """What the client believes at the end."""
        rows = []
        for fill in self.fills.values():
            execution = fill.execution
            rows.append({
                "execution_id": execution.execId, "side": execution.side, "quantity": str(number(execution.shares)),
                "price": str(number(execution.price)), "permanent_id": execution.permId,
                "commission": str(number(fill.commissionReport.commission)),
            })
        say(told=rows)


def main():
    # What goes wrong is told as a check.
    logging.getLogger().addHandler(logging.NullHandler())
    host, port, client_id, account, version = sys.argv[1:6]
    play = Play(host, int(port), int(client_id), account, int(version))
    before = (
        ("connect", play.connect), ("server time", play.server_time), ("contract details", play.contract_details),
        ("quotes", play.quotes), ("historical bars", play.historical_bars), ("place", play.place_far),
        ("modify", play.modify), ("cancel", play.cancel),
    )
    holding = (("positions", play.positions), ("account summary", play.account_summary), ("profit and loss", play.profit))
    after = (
        ("realized profit", play.profit_is_realized), ("executions", play.executions), ("commissions", play.commissions),
        ("reconnect", play.reconnect),
    )
    run(before)
    with check("bracket") as remarks:
        play.enter(remarks)
        run(holding)
        play.take_profit(remarks)
    run(after)
    play.told()
    play.ib.disconnect()


if __name__ == "__main__":
    main()
