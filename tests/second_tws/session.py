"""One connection of a client with this TWS, in IB's own protobuf classes, at server versions 213 to 226."""

import asyncio
import struct
import time

import protobuf_classes
from broker import ACCOUNT, CONTRACTS, now

REQUESTS = {number: (name, cls) for name, (number, cls) in protobuf_classes.request_classes().items()}
RESPONSES = protobuf_classes.response_classes()
PROTOBUF = 200


def framed(payload):
    return struct.pack(">I", len(payload)) + payload


class Session:
    """Reads requests and answers them out of the broker's book."""

    def __init__(self, broker, version, reader, writer):
        self.broker, self.version, self.reader, self.writer = broker, version, reader, writer
        self.client_id = None
        self.watched = {}
        self.is_over = False
        # It reads and says nothing: a half-open link.
        self.is_mute = False
        # After so many frames the link is cut in the middle of one.
        self.frames_left = None

    async def run(self):
        try:
            if await self.reader.readexactly(4) != b"API\0":
                return
            await self._frame()
            self.writer.write(framed(("%d\0%s\0" % (self.version, now())).encode()))
            while not self.is_over:
                payload = await self._frame()
                number = struct.unpack(">I", payload[:4])[0]
                if not self.is_over:
                    self._take(number, payload[4:])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.cut()

    async def _frame(self):
        length = struct.unpack(">I", await self.reader.readexactly(4))[0]
        return await self.reader.readexactly(length)

    def cut(self):
        self.is_over = True
        if self.broker.session is self:
            self.broker.session = None
        self.writer.close()

    def say(self, name, message=None, **fields):
        if self.is_over or self.is_mute:
            return
        number, cls = RESPONSES[name]
        message = cls(**fields) if message is None else message
        frame = framed(struct.pack(">I", number + PROTOBUF) + message.SerializeToString())
        if self.frames_left is not None:
            self.frames_left -= 1
            if self.frames_left <= 0:
                self.writer.write(frame[: self.broker.random.randint(0, len(frame))])
                self.broker.forget_kept_back()
                return self.cut()
        self.writer.write(frame)

    def notice(self, number, code, text):
        self.say("ERR_MSG", id=number, errorTime=int(time.time() * 1000), errorCode=code, errorMsg=text)

    # What is told of orders.

    def new_order(self):
        return RESPONSES["OPEN_ORDER"][1]().order

    def _contract(self, contract, symbol):
        contract.conId, contract.symbol, contract.secType = CONTRACTS[symbol], symbol, "STK"
        contract.exchange, contract.currency = "SMART", "USD"
        contract.localSymbol = contract.tradingClass = symbol

    def tell_open_order(self, order):
        message = RESPONSES["OPEN_ORDER"][1](orderId=order.order_id)
        self._contract(message.contract, order.symbol)
        message.order.CopyFrom(order.body)
        message.order.orderId, message.order.clientId = order.order_id, order.client_id
        message.order.permId, message.order.account = order.permanent_id, ACCOUNT
        message.orderState.status = order.status
        self.say("OPEN_ORDER", message)

    def tell_status(self, order):
        self.say(
            "ORDER_STATUS",
            orderId=order.order_id,
            clientId=order.client_id,
            permId=order.permanent_id,
            parentId=order.parent_id,
            status=order.status,
            filled=str(order.filled),
            remaining=str(order.quantity - order.filled),
            avgFillPrice=float(order.average()),
        )

    def tell_execution(self, execution, request_id=-1):
        order = execution.order
        message = RESPONSES["EXECUTION_DATA"][1](reqId=request_id)
        self._contract(message.contract, order.symbol)
        told = message.execution
        told.execId, told.time, told.acctNumber, told.exchange = execution.id, execution.time, ACCOUNT, "NYSE"
        told.orderId, told.clientId, told.permId = order.order_id, order.client_id, order.permanent_id
        told.orderRef, told.side = order.reference, "BOT" if order.buys else "SLD"
        told.shares, told.price = str(execution.quantity), float(execution.price)
        told.cumQty, told.avgPrice = str(execution.total), float(execution.average)
        self.say("EXECUTION_DATA", message)

    def tell_commission(self, execution):
        self.say("COMMISSION_AND_FEES_REPORT", execId=execution.id, commissionAndFees=1.0, currency="USD")

    def tell_prices(self):
        for request_id, symbol in self.watched.items():
            price = float(self.broker.prices[symbol])
            for kind, offset in ((1, -0.01), (2, 0.01), (4, 0.0)):
                self.say("TICK_PRICE", reqId=request_id, tickType=kind, price=round(price + offset, 2), size="100")

    # Requests.

    def _take(self, number, body):
        name, cls = REQUESTS[number - PROTOBUF]
        request = cls.FromString(body)
        answer = getattr(self, "on_" + name.lower(), None)
        # A half-open link takes everything and does nothing. Requests without an answer here are none of orders.
        if answer is not None and not self.is_mute:
            answer(request)

    def on_start_api(self, request):
        if self.broker.session is not None:
            self.broker.session.cut()
        self.client_id, self.broker.session = request.clientId, self
        self.on_req_managed_accts(request)
        self.on_req_ids(request)
        if self.broker.random.random() < 0.5:
            for order in self.broker.orders:
                if order.is_shown and order.client_id == self.client_id:
                    self.tell_open_order(order)
                    self.tell_status(order)
        if not self.broker.has_ib:
            self.notice(-1, 1100, "Connectivity between IB and Trader Workstation has been lost.")

    def on_req_managed_accts(self, _):
        self.say("MANAGED_ACCTS", accountsList=ACCOUNT)

    def on_req_ids(self, _):
        self.say("NEXT_VALID_ID", orderId=self.broker.next_order_id())

    def on_req_current_time(self, _):
        self.say("CURRENT_TIME", currentTime=int(time.time()))

    def on_req_current_time_in_millis(self, _):
        self.say("CURRENT_TIME_IN_MILLIS", currentTimeInMillis=int(time.time() * 1000))

    def on_place_order(self, request):
        self.broker.log("placed %d %s" % (request.orderId, request.order.orderRef))
        if self.broker.happens("lose_placement"):
            self.broker.forget_kept_back()
            return self.cut()
        if not self.broker.has_ib:
            if self.broker.faults.get("keep_orders"):
                self.broker.waiting.append((self.client_id, request))
            return None
        self.broker.place(self.client_id, request)
        if self.broker.happens("cut_after_placement"):
            self.broker.forget_kept_back()
            self.cut()
        return None

    def on_cancel_order(self, request):
        self.broker.log("cancelled %d" % request.orderId)
        if self.broker.has_ib:
            self.broker.cancel_by_id(self.client_id, request.orderId)

    def on_req_global_cancel(self, _):
        for order in list(self.broker.orders):
            self.broker.cancel(order)

    def on_req_all_open_orders(self, _):
        for order in list(self.broker.orders):
            if order.is_shown:
                self.tell_open_order(order)
                if self.broker.random.random() < 0.7:
                    self.tell_status(order)
        self.say("OPEN_ORDER_END")

    on_req_open_orders = on_req_all_open_orders

    def on_req_completed_orders(self, _):
        for order in self.broker.orders:
            if order.is_live or order.is_forgotten:
                continue
            message = RESPONSES["COMPLETED_ORDER"][1]()
            self._contract(message.contract, order.symbol)
            message.order.CopyFrom(order.body)
            message.order.ClearField("orderId")
            message.order.permId, message.order.account = order.permanent_id, ACCOUNT
            message.order.filledQuantity = str(order.filled)
            message.orderState.status = order.status
            message.orderState.completedTime = now()
            message.orderState.completedStatus = "Filled Size: %s" % order.filled if order.filled else "Cancelled"
            self.say("COMPLETED_ORDER", message)
        self.say("COMPLETED_ORDERS_END")

    def on_req_executions(self, request):
        for execution in self.broker.executions:
            self.tell_execution(execution, request.reqId)
            self.tell_commission(execution)
        self.say("EXECUTION_DATA_END", reqId=request.reqId)

    def on_req_positions(self, _):
        for symbol, position in self.broker.positions.items():
            message = RESPONSES["POSITION_DATA"][1](account=ACCOUNT, position=str(position))
            self._contract(message.contract, symbol)
            message.avgCost = float(self.broker.prices[symbol])
            self.say("POSITION_DATA", message)
        self.say("POSITION_END")

    def _symbol(self, contract):
        return contract.symbol or next((name for name, number in CONTRACTS.items() if number == contract.conId), "")

    def on_req_contract_data(self, request):
        symbol = self._symbol(request.contract)
        if symbol not in CONTRACTS:
            return self.notice(request.reqId, 200, "No security definition has been found for the request")
        message = RESPONSES["CONTRACT_DATA"][1](reqId=request.reqId)
        self._contract(message.contract, symbol)
        details = message.contractDetails
        details.minTick, details.orderTypes, details.validExchanges = "0.01", "LMT,MKT,STP,DAY,GTC", "SMART,NYSE"
        details.minSize = details.sizeIncrement = "1"
        details.marketRuleIds = "26"
        self.say("CONTRACT_DATA", message)
        return self.say("CONTRACT_DATA_END", reqId=request.reqId)

    def on_req_market_rule(self, request):
        message = RESPONSES["MARKET_RULE"][1](marketRuleId=request.marketRuleId)
        message.priceIncrements.add(lowEdge=0.0, increment=0.01)
        self.say("MARKET_RULE", message)

    def on_req_mkt_data(self, request):
        self.watched[request.reqId] = self._symbol(request.contract)
        self.tell_prices()

    def on_cancel_mkt_data(self, request):
        self.watched.pop(request.reqId, None)

    def on_req_account_summary(self, request):
        for tag in request.tags.split(","):
            self.say(
                "ACCOUNT_SUMMARY", reqId=request.reqId, account=ACCOUNT, tag=tag, value="1000000", currency="USD"
            )
        self.say("ACCOUNT_SUMMARY_END", reqId=request.reqId)

    def on_req_acct_data(self, request):
        if request.subscribe:
            self.say("ACCT_VALUE", key="NetLiquidation", value="1000000", currency="USD", accountName=ACCOUNT)
            self.say("ACCT_DOWNLOAD_END", accountName=ACCOUNT)
