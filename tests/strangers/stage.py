"""What the Python drivers share: how they speak with the command that runs them, and how they compare.

The driver writes JSON objects, a line each. `{"do": ...}` steers the simulator and is answered by one line on the standard
input; `{"check": name, "ok": ..., "detail": ...}` tells what came of a check; `{"told": ...}` at the end says what the client
believes, for the command to compare with the broker's book.
"""

import contextlib
import json
import sys
import threading
import time
from decimal import Decimal

STEP_SECONDS = 20

# The market that every driver sees. Prices are words, so that no digit is lost.
SYMBOL, CONTRACT_ID, LONG_NAME = "IBM", 8314, "INTL BUSINESS MACHINES CORP"
OPENING = dict(bid="99.98", bid_size="300", ask="100.02", ask_size="500")
MOVED = dict(bid="99.99", bid_size="400", ask="100.03", ask_size="600")
HIGHER = dict(bid="100.50", bid_size="300", ask="100.54", ask_size="500")
TARGET = dict(bid="101.00", bid_size="700", ask="101.04", ask_size="500")
FAR, FARTHER = "90.00", "91.00"
QUANTITY, LARGER = 100, 150
ENTRY, TAKE_PROFIT, STOP_LOSS = "100.05", "101.00", "99.00"


class Wrong(Exception):
    """The simulator said something else than a TWS would."""


class Unanswered(Exception):
    """An answer did not come in time."""


def say(**line):
    print(json.dumps(line), flush=True)


def do(what, **details):
    """Has the simulator do something, and returns its answer."""
    say(do=what, **details)
    line = sys.stdin.readline()
    if not line:
        raise EOFError("the runner is gone")
    answer = json.loads(line)
    if "error" in answer:
        raise Wrong(answer["error"])
    return answer


def quote(levels):
    do("quote", symbol=SYMBOL, **levels)


@contextlib.contextmanager
def check(name):
    """One check: what goes wrong inside it is told, and the next one runs. Yields a list for remarks."""
    remarks = []
    try:
        yield remarks
    except Exception as failure:  # whatever it is, it is the finding
        text = str(failure) if isinstance(failure, (Wrong, Unanswered)) else "%s: %s" % (type(failure).__name__, failure)
        say(check=name, ok=False, detail=text)
    else:
        say(check=name, ok=True, detail=", ".join(str(remark) for remark in remarks))


def run(steps):
    """Checks, `(name, function of the remarks)` each, one after the other."""
    for name, step in steps:
        with check(name) as remarks:
            step(remarks)


def number(value):
    return Decimal(str(value))


def same(what, value, expected):
    """Numbers are the same by value, everything else by itself."""
    numbers = (int, float, Decimal)
    if isinstance(expected, numbers) and isinstance(value, numbers) and not isinstance(expected, bool):
        if number(value) == number(expected):
            return
    elif value == expected and isinstance(value, bool) == isinstance(expected, bool):
        return
    raise Wrong("%s is %r, not %r" % (what, value, expected))


def is_money(what, value, expected):
    """The same to the cent: sums of doubles end in noise."""
    if value is None or abs(number(value) - number(expected)) >= Decimal("0.005"):
        raise Wrong("%s is %s, not %s" % (what, value, expected))


def holds(what, truth):
    if not truth:
        raise Wrong(what)


def check_bars(bars, daily, seconds):
    """Bars of one day, `(epoch, open, high, low, close, volume)` each, against the daily bar of the same day."""
    holds("%d bars of five minutes for a session of six and a half hours" % len(bars), len(bars) == 78)
    times = [bar[0] for bar in bars]
    holds("the bars do not follow each other", all(b - a == seconds for a, b in zip(times, times[1:])))
    for at, (_, opened, high, low, close, volume) in enumerate(bars):
        holds("bar %d has a high below its low" % at, low <= min(opened, close) and high >= max(opened, close))
        holds("bar %d has prices off the grid" % at, all(number(p) * 100 % 1 == 0 for p in (opened, high, low, close)))
        holds("bar %d has no volume" % at, volume > 0)
    same("the open of the day", daily[1], bars[0][1])
    same("the high of the day", daily[2], max(bar[2] for bar in bars))
    same("the low of the day", daily[3], min(bar[3] for bar in bars))
    same("the close of the day", daily[4], bars[-1][4])


class Heard:
    """What the callbacks say, by kind, and how to wait for it."""

    def __init__(self):
        self.changed = threading.Condition()
        self.entries = {}

    def note(self, kind, *values):
        with self.changed:
            self.entries.setdefault(kind, []).append(values)
            self.changed.notify_all()

    def of(self, kind):
        with self.changed:
            return list(self.entries.get(kind, []))

    def forget(self, *kinds):
        with self.changed:
            for kind in kinds:
                self.entries.pop(kind, None)

    def wait(self, what, condition):
        """Waits until the condition on these entries is true, and returns its value."""
        deadline = time.monotonic() + STEP_SECONDS
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Unanswered("no %s within %d s" % (what, STEP_SECONDS))
                self.changed.wait(left)

    def first(self, kind, matches=lambda *_: True):
        """The first entry of a kind that matches, once there is one."""
        # In a list of one: an entry without values is false.
        return self.wait(kind, lambda: [entry for entry in self.of(kind) if matches(*entry)][:1])[0]
