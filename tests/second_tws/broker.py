"""The broker's book: what is true, whatever a client was told of it.

Orders are matched against one price a symbol, which moves in steps. What a client hears of a change is decided by `faults`,
a number from 0 to 1 for each: how often a message is left out, doubled, or comes in another order.
"""

import dataclasses
import datetime
from decimal import Decimal

ACCOUNT = "DU1234567"
CONTRACTS = {"AAA": 1001, "BBB": 1002}
CENT = Decimal("0.01")

# Faults of what is told, and of what is done with orders.
FAULTS = (
    "no_status",
    "no_open_order",
    "no_execution",
    "no_commission",
    "any_order",
    "doubled",
    "reject",
    "remark",
    "refuse_change",
    "mute_cancel",
    "by_hand",
    "correction",
    "two_incarnations",
    "ids_go_back",
)


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d %H:%M:%S UTC")


@dataclasses.dataclass
class Order:
    """One order as IB has it: a `permId`, and what the client has called it."""

    permanent_id: int
    order_id: int
    client_id: int
    symbol: str
    body: object
    status: str = "Submitted"
    filled: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    # Not transmitted: TWS alone has it, and forgets it with the connection.
    is_kept_back: bool = False
    # It never came to IB.
    is_forgotten: bool = False

    @property
    def reference(self):
        return self.body.orderRef

    @property
    def quantity(self):
        return Decimal(self.body.totalQuantity)

    @property
    def parent_id(self):
        return self.body.parentId

    @property
    def is_live(self):
        return self.status in ("PreSubmitted", "Submitted", "PendingSubmit")

    @property
    def is_shown(self):
        return self.is_live and not self.is_kept_back

    @property
    def buys(self):
        return self.body.action == "BUY"

    def average(self):
        return self.value / self.filled if self.filled else Decimal(0)


@dataclasses.dataclass
class Execution:
    order: Order
    root: str
    quantity: Decimal
    price: Decimal
    total: Decimal
    average: Decimal
    time: str
    revision: int = 1

    @property
    def id(self):
        return "%s.%02d" % (self.root, self.revision)


class Broker:
    def __init__(self, random, faults, log):
        self.random, self.faults, self.log = random, faults, log
        self.orders, self.executions, self.positions = [], [], {}
        self.prices = {"AAA": Decimal(100), "BBB": Decimal(50)}
        self.has_ib = True
        # Orders that TWS keeps while it has no IB.
        self.waiting = []
        self.session = None
        self.placed = {}
        self.wrong = []
        self.counts = dict(changes=0, cancels=0)
        self._permanent_id, self._execution, self._next_order_id = 500_000_000, 0, 1

    def happens(self, fault):
        return self.random.random() < self.faults.get(fault, 0)

    def next_order_id(self):
        return 1 if self.happens("ids_go_back") else self._next_order_id

    # What is told.

    def tell(self, order, execution=None):
        """What follows a change of an order, as a TWS on a bad day tells it."""
        if self.session is None:
            return
        session, order = self.session, dataclasses.replace(order)
        told = []
        if not self.happens("no_status"):
            told.append(lambda: session.tell_status(order))
        if not self.happens("no_open_order"):
            told.append(lambda: session.tell_open_order(order))
        if execution and not self.happens("no_execution"):
            told.append(lambda: session.tell_execution(execution))
            if not self.happens("no_commission"):
                told.append(lambda: session.tell_commission(execution))
        if self.happens("any_order"):
            self.random.shuffle(told)
        told += [again for again in told if self.happens("doubled")]
        for tell in told:
            tell()

    def notice(self, order_id, code, text):
        if self.session is not None:
            self.session.notice(order_id, code, text)

    # Orders.

    def place(self, client_id, request):
        known = [order for order in self.orders if (order.order_id, order.client_id) == (request.orderId, client_id)]
        live = next((order for order in known if order.is_live), None)
        reference = request.order.orderRef
        if live is not None:
            return self.change(live, request)
        if known:
            if known[-1].reference == reference:
                return self.notice(request.orderId, 104, "Cannot modify a filled order")
            self.wrong.append("order id %d was used twice" % request.orderId)
            return self.notice(request.orderId, 103, "Duplicate order id")
        self._next_order_id = max(self._next_order_id, request.orderId + 1)
        self.placed[reference] = self.placed.get(reference, 0) + 1
        if self.placed[reference] > 1:
            self.wrong.append("%s was placed %d times" % (reference, self.placed[reference]))
        symbol = next(name for name, number in CONTRACTS.items() if number == request.contract.conId)
        body = type(request.order)()
        body.CopyFrom(request.order)
        order = Order(self._new_permanent_id(), request.orderId, client_id, symbol, body)
        self.orders.append(order)
        if self.happens("reject"):
            self.notice(order.order_id, 201, "Order rejected - reason: none")
            order.status = "Inactive"
            if self.random.random() < 0.8:
                self.tell(order)
            order.status, order.is_forgotten = "Cancelled", True
            return self._cancel_children(order)
        if self.happens("remark"):
            self.notice(order.order_id, self.random.choice((399, 10349, 2109)), "a remark")
        if not body.transmit:
            order.is_kept_back = True
            return None
        return self._transmit(order)

    def _transmit(self, last):
        """The last order of a group takes those with it that were kept back for it."""
        family = [order for order in self.orders if order.is_kept_back and order.is_live and self._are_related(order, last)]
        for order in family:
            order.is_kept_back = False
        for order in family + [last]:
            parent = self._parent(order)
            if parent is not None and not parent.is_live and not parent.filled:
                self.cancel(order, code=None)
                continue
            waits = parent is not None and parent.is_live
            order.status = "PreSubmitted" if waits or order.body.orderType == "STP" else "Submitted"
            self.tell(order)
            self.match(order)

    def _are_related(self, one, other):
        same_client = one.client_id == other.client_id
        return same_client and other.parent_id and other.parent_id in (one.order_id, one.parent_id)

    def _parent(self, order):
        of_client = (other for other in self.orders if other.client_id == order.client_id)
        return next((other for other in of_client if order.parent_id and other.order_id == order.parent_id), None)

    def _children(self, order):
        of_client = (other for other in self.orders if other.client_id == order.client_id and other.is_live)
        return [other for other in of_client if order.order_id and other.parent_id == order.order_id]

    def change(self, order, request):
        self.counts["changes"] += 1
        quantity = Decimal(request.order.totalQuantity)
        if self.happens("refuse_change"):
            return self.notice(order.order_id, self.random.choice((105, 110, 321, 2102)), "cannot be changed")
        if quantity <= order.filled:
            return self.notice(order.order_id, 104, "Cannot modify a filled order")
        alone = not (order.parent_id or order.body.ocaGroup or self._children(order))
        if alone and self.happens("two_incarnations"):
            order = dataclasses.replace(
                order,
                permanent_id=self._new_permanent_id(),
                body=type(order.body)(),
                filled=Decimal(0),
                value=Decimal(0),
            )
            self.orders.append(order)
        order.body.CopyFrom(request.order)
        self.tell(order)
        return self.match(order)

    def cancel_by_id(self, client_id, order_id):
        self.counts["cancels"] += 1
        known = [order for order in self.orders if (order.order_id, order.client_id) == (order_id, client_id)]
        if not known:
            return self.notice(order_id, 10147, "OrderId %d that needs to be cancelled is not found." % order_id)
        order = next((order for order in known if order.is_live), known[0])
        if not order.is_live:
            code = self.random.choice((10148, 161))
            return self.notice(order_id, code, "OrderId %d cannot be cancelled, state: %s." % (order_id, order.status))
        if self.happens("mute_cancel"):
            return None
        if not order.is_kept_back and not order.parent_id and self.random.random() < 0.2:
            self.fill(order, Decimal(1), self.prices[order.symbol])
        return self.cancel(order)

    def cancel(self, order, code=202):
        if not order.is_live:
            return
        order.status = "Cancelled"
        if code and self.random.random() < 0.8:
            self.notice(order.order_id, code, "Order Canceled - reason:")
        if self.session is not None and not self.happens("no_status"):
            self.session.tell_status(dataclasses.replace(order))
        self._cancel_children(order)

    def _cancel_children(self, order):
        if order.filled < order.quantity:
            for child in self._children(order):
                self.cancel(child)

    def forget_kept_back(self):
        """What was not transmitted is lost with the connection."""
        for order in self.orders:
            if order.is_kept_back and order.is_live:
                order.status, order.is_kept_back, order.is_forgotten = "Cancelled", False, True

    # Fills.

    def match(self, order):
        parent = self._parent(order)
        if not order.is_shown or (parent is not None and parent.is_live):
            return
        price = self._meets(order)
        while price is not None and order.is_live:
            left = order.quantity - order.filled
            whole = self.random.random() < 0.5 or left < 2
            self.fill(order, left if whole else Decimal(self.random.randint(1, int(left) - 1)), price)
            if self.random.random() < 0.3:
                return

    def _meets(self, order):
        """The price at which the order trades now."""
        market = self.prices[order.symbol]
        kind = order.body.orderType
        if kind == "MKT":
            return market
        if kind == "LMT":
            limit = Decimal(str(order.body.lmtPrice))
            return market if (limit >= market if order.buys else limit <= market) else None
        stop = Decimal(str(order.body.auxPrice))
        return market if (market >= stop if order.buys else market <= stop) else None

    def fill(self, order, quantity, price):
        order.filled += quantity
        order.value += quantity * price
        self._execution += 1
        root = "0000e0d5.%08x.%02d" % (order.permanent_id, self._execution)
        execution = Execution(order, root, quantity, price, order.filled, order.average(), now())
        self.executions.append(execution)
        change = quantity if order.buys else -quantity
        self.positions[order.symbol] = self.positions.get(order.symbol, Decimal(0)) + change
        order.status = "Filled" if order.filled >= order.quantity else "Submitted"
        self.tell(order, execution)
        self._meet_group(order, quantity)
        if order.status == "Filled":
            for child in self._children(order):
                if child.is_live:
                    child.status = "PreSubmitted" if child.body.orderType == "STP" else "Submitted"
                    self.tell(child)
                    self.match(child)

    def _meet_group(self, order, quantity):
        """One cancels, or reduces, the others of its group."""
        group = order.body.ocaGroup
        for other in [other for other in self.orders if group and other.body.ocaGroup == group and other.is_live]:
            if other is order:
                continue
            if order.body.ocaType == 1 or order.status == "Filled":
                self.cancel(other)
            else:
                other.body.totalQuantity = str(max(other.filled + 1, other.quantity - quantity))
                self.tell(other)

    # What happens by itself.

    def tick(self):
        for symbol in self.prices:
            self.prices[symbol] = max(Decimal(10), self.prices[symbol] + self.random.randint(-30, 30) * CENT)
        for order in list(self.orders):
            if self.random.random() < 0.5:
                self.match(order)
        if self.happens("by_hand"):
            self._trade_by_hand()
        if self.executions and self.happens("correction"):
            self._correct(self.random.choice(self.executions))
        if self.session is not None:
            self.session.tell_prices()

    def _trade_by_hand(self):
        body = self.session.new_order() if self.session is not None else None
        if body is None:
            return
        body.action, body.totalQuantity, body.orderType = self.random.choice(("BUY", "SELL")), "5", "MKT"
        order = Order(self._new_permanent_id(), 0, 0, self.random.choice(list(CONTRACTS)), body)
        self.orders.append(order)
        self.match(order)

    def _correct(self, execution):
        if execution.order.reference and execution.revision == 1:
            execution.revision, execution.price = 2, execution.price + CENT
            session = self.session  # it may be cut in the middle
            if session is not None and self.random.random() < 0.7:
                session.tell_execution(execution)
                session.tell_commission(execution)

    def lose_ib(self):
        self.has_ib = False
        self.notice(-1, 1100, "Connectivity between IB and Trader Workstation has been lost.")

    def find_ib(self):
        self.has_ib = True
        waiting, self.waiting = self.waiting, []
        for client_id, request in waiting:
            self.place(client_id, request)
        self.notice(-1, 1102, "Connectivity between IB and Trader Workstation has been restored - data maintained.")

    def _new_permanent_id(self):
        self._permanent_id += self.random.randint(1, 3)
        return self._permanent_id
