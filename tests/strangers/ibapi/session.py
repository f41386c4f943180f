"""A trading session with IB's own Python client, unchanged, against whatever listens at HOST PORT.

Connects, asks for a contract, takes ticks, cancels one order and gets another one filled. Prints one JSON object with
everything the client was told, for the caller to judge; says nothing about right or wrong itself. Numbers travel as
text, so that no digit is lost on the way.

usage: session.py HOST PORT CLIENT_ID SYMBOL
"""

import json
import sys
import threading
import time

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.order_cancel import OrderCancel
from ibapi.wrapper import EWrapper

STEP_SECONDS = 15
BID, ASK, LAST = 1, 2, 4
CONTRACT_REQUEST, TICKS_REQUEST = 1001, 1002
QUANTITY = 100


class Unanswered(Exception):
    """An answer did not come in time."""


class Session(EWrapper, EClient):
    """Keeps what the callbacks say, and lets the script wait for it."""

    def __init__(self):
        EWrapper.__init__(self)
        EClient.__init__(self, wrapper=self)
        self.changed = threading.Condition()
        self.heard = {
            "nextValidId": None,
            "managedAccounts": None,
            "contracts": [],
            "contractsEnded": False,
            "prices": [],
            "sizes": [],
            "openOrders": [],
            "orderStatuses": [],
            "executions": [],
            "commissions": [],
            "errors": [],
            "connectionClosed": False,
        }

    def note(self, kind, value):
        with self.changed:
            if isinstance(self.heard[kind], list):
                self.heard[kind].append(value)
            else:
                self.heard[kind] = value
            self.changed.notify_all()

    def wait(self, what, condition):
        """Waits until the condition on what was heard is true, and returns its value."""
        with self.changed:
            deadline = time.monotonic() + STEP_SECONDS
            while True:
                value = condition(self.heard)
                if value:
                    return value
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Unanswered(f"no {what} within {STEP_SECONDS} s")
                self.changed.wait(left)

    def nextValidId(self, orderId):
        self.note("nextValidId", orderId)

    def managedAccounts(self, accountsList):
        self.note("managedAccounts", accountsList)

    def contractDetails(self, reqId, contractDetails):
        contract = contractDetails.contract
        self.note(
            "contracts",
            {
                "reqId": reqId,
                "conId": contract.conId,
                "symbol": contract.symbol,
                "secType": contract.secType,
                "currency": contract.currency,
                "exchange": contract.exchange,
                "minTick": str(contractDetails.minTick),
                "longName": contractDetails.longName,
                "validExchanges": contractDetails.validExchanges,
            },
        )

    def contractDetailsEnd(self, reqId):
        self.note("contractsEnded", True)

    def tickPrice(self, reqId, tickType, price, attrib):
        self.note("prices", {"reqId": reqId, "tickType": int(tickType), "price": str(price)})

    def tickSize(self, reqId, tickType, size):
        self.note("sizes", {"reqId": reqId, "tickType": int(tickType), "size": str(size)})

    def openOrder(self, orderId, contract, order, orderState):
        self.note(
            "openOrders",
            {
                "orderId": orderId,
                "conId": contract.conId,
                "symbol": contract.symbol,
                "action": order.action,
                "orderType": order.orderType,
                "totalQuantity": str(order.totalQuantity),
                "lmtPrice": str(order.lmtPrice),
                "tif": order.tif,
                "account": order.account,
                "orderRef": order.orderRef,
                "permId": order.permId,
                "clientId": order.clientId,
                "status": orderState.status,
            },
        )

    def orderStatus(
        self, orderId, status, filled, remaining, avgFillPrice, permId, parentId, lastFillPrice, clientId, whyHeld,
        mktCapPrice,
    ):
        self.note(
            "orderStatuses",
            {
                "orderId": orderId,
                "status": status,
                "filled": str(filled),
                "remaining": str(remaining),
                "avgFillPrice": str(avgFillPrice),
                "lastFillPrice": str(lastFillPrice),
                "permId": permId,
                "parentId": parentId,
                "clientId": clientId,
            },
        )

    def execDetails(self, reqId, contract, execution):
        self.note(
            "executions",
            {
                "reqId": reqId,
                "orderId": execution.orderId,
                "execId": execution.execId,
                "time": execution.time,
                "conId": contract.conId,
                "symbol": contract.symbol,
                "account": execution.acctNumber,
                "exchange": execution.exchange,
                "side": execution.side,
                "shares": str(execution.shares),
                "price": str(execution.price),
                "cumQty": str(execution.cumQty),
                "avgPrice": str(execution.avgPrice),
                "permId": execution.permId,
                "clientId": execution.clientId,
                "orderRef": execution.orderRef,
            },
        )

    def commissionAndFeesReport(self, commissionAndFeesReport):
        self.note(
            "commissions",
            {
                "execId": commissionAndFeesReport.execId,
                "commission": str(commissionAndFeesReport.commissionAndFees),
                "currency": commissionAndFeesReport.currency,
            },
        )

    def error(self, reqId, errorTime, errorCode, errorString, advancedOrderRejectJson=""):
        self.note("errors", {"id": reqId, "time": errorTime, "code": errorCode, "text": errorString})

    def connectionClosed(self):
        self.note("connectionClosed", True)


def stock(symbol):
    contract = Contract()
    contract.symbol = symbol
    contract.secType = "STK"
    contract.exchange = "SMART"
    contract.currency = "USD"
    return contract


def limit_order(price, account, reference):
    order = Order()
    order.action = "BUY"
    order.orderType = "LMT"
    order.totalQuantity = QUANTITY
    order.lmtPrice = price
    order.tif = "DAY"
    order.account = account
    order.orderRef = reference
    return order


def last_price(heard, tick_type):
    """The last price of that kind that the ticks told; 0 and less mean that there is none."""
    prices = [float(tick["price"]) for tick in heard["prices"] if tick["tickType"] == tick_type]
    return prices[-1] if prices and prices[-1] > 0 else None


def has_status(order_id, *statuses):
    def condition(heard):
        return [s for s in heard["orderStatuses"] if s["orderId"] == order_id and s["status"] in statuses]

    return condition


def of_order(kind, order_id):
    def condition(heard):
        return [entry for entry in heard[kind] if entry["orderId"] == order_id]

    return condition


def converse(session, symbol, script):
    first_id = session.wait("nextValidId", lambda heard: heard["nextValidId"])
    accounts = session.wait("managedAccounts", lambda heard: heard["managedAccounts"])
    account = accounts.split(",")[0]

    session.reqContractDetails(CONTRACT_REQUEST, stock(symbol))
    session.wait("contractDetailsEnd", lambda heard: heard["contractsEnded"])

    session.reqMktData(TICKS_REQUEST, stock(symbol), "", False, False, [])
    for name, tick_type in (("bid", BID), ("ask", ASK), ("last", LAST)):
        session.wait(f"{name} tick", lambda heard, tick_type=tick_type: last_price(heard, tick_type))

    # Half the market: stands in the book until it is cancelled.
    far = first_id
    far_price = round(last_price(session.heard, BID) / 2, 2)
    script["far"] = {"orderId": far, "limit": str(far_price), "quantity": str(QUANTITY), "orderRef": "far"}
    session.placeOrder(far, stock(symbol), limit_order(far_price, account, "far"))
    session.wait("openOrder of the far order", of_order("openOrders", far))
    session.wait("working status of the far order", has_status(far, "PreSubmitted", "Submitted"))
    session.cancelOrder(far, OrderCancel())
    session.wait("cancelled status of the far order", has_status(far, "Cancelled", "ApiCancelled"))
    session.wait("notice 202", lambda heard: [e for e in heard["errors"] if e["id"] == far and e["code"] == 202])

    # Well through the ask: fills at the quote, never at its own limit.
    near = first_id + 1
    ask = session.wait("ask tick", lambda heard: last_price(heard, ASK))
    near_price = round(ask * 1.05, 2)
    script["near"] = {"orderId": near, "limit": str(near_price), "quantity": str(QUANTITY), "orderRef": "near"}
    script["pricesBefore"] = len(session.heard["prices"])
    session.placeOrder(near, stock(symbol), limit_order(near_price, account, "near"))
    session.wait("openOrder of the near order", of_order("openOrders", near))
    session.wait("filled status of the near order", has_status(near, "Filled"))

    def all_executed(heard):
        executions = [e for e in heard["executions"] if e["orderId"] == near]
        return sum(float(e["shares"]) for e in executions) >= QUANTITY and executions

    executions = session.wait("executions of the near order", all_executed)
    ids = {execution["execId"] for execution in executions}
    session.wait("commission reports", lambda heard: ids <= {c["execId"] for c in heard["commissions"]})
    session.cancelMktData(TICKS_REQUEST)


def main():
    host, port, client_id, symbol = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    session = Session()
    script = {}
    failure = None
    reader = None
    try:
        session.connect(host, port, client_id)
        script["serverVersion"] = session.serverVersion()
        if not session.isConnected():
            raise Unanswered("no connection")
        reader = threading.Thread(target=session.run, daemon=True)
        reader.start()
        converse(session, symbol, script)
    except Exception as error:  # the caller judges; it needs what was heard until here
        failure = f"{type(error).__name__}: {error}"
    finally:
        session.disconnect()
        if reader is not None:
            reader.join(5)
    print(json.dumps({"failure": failure, "script": script, "heard": session.heard}))


if __name__ == "__main__":
    main()
