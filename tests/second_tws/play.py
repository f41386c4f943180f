"""Plays one day of a trader against this TWS: `play.py TRADER SEED SECONDS VERSION`.

The trader is `cargo xtask drive`, steered over its standard input. Orders, changes, cancels, faults and the moments at which
the trader is killed follow from the seed and from how long things take. Then the faults are off, and what the trader believes
must become what the broker has. Writes one JSON object: what was played, and every difference.
"""

import asyncio
import json
import os
import pathlib
import random
import sys
import tempfile
import time
from decimal import Decimal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))

from broker import ACCOUNT, CENT, CONTRACTS, FAULTS, Broker
from session import Session

LIMITS = """
order_quantity_max = "10000"
order_value_max = "10000000"
position_max = "1000000"
orders_per_second = 1000
orders_per_second_strategy = 1000
entries_per_minute_strategy = 100000
entries_per_day_strategy = 100000
duplicate_window_ms = 1
symbols = ["AAA", "BBB"]
security_types = ["STK"]
rejects_max = 1000
allow_self_match = true
"""
# How often the link, IB and the trader fail, beside what the broker does wrong.
DISASTERS = ("lose_placement", "cut_after_placement", "drop", "cut_in_a_frame", "half_open", "lose_ib", "kill")
# How often each happens where it happens at all, a chance or an order at a time.
RATES = dict.fromkeys(FAULTS, 0.3) | dict.fromkeys(DISASTERS, 0.05)
RATES |= dict(any_order=1, reject=0.1, by_hand=0.05, correction=0.1, ids_go_back=0.7, keep_orders=1)
# How long the books may take to agree.
AGREE_WITHIN_SECONDS = 180
ANSWER_WITHIN_SECONDS = 30


class Trader:
    """The process, its answers, and what state it says it is in."""

    def __init__(self, program, port, folder, log):
        self.command = [program, "drive", "--tws", "127.0.0.1:%d" % port, "--client-id", "7"]
        self.command += ["--journal", str(folder / "trader.db"), "--limits", str(folder / "limits.toml")]
        self.environment = dict(os.environ, TWS_LOCK_FOLDER=str(folder), RUST_LOG="error")
        self.errors, self.log = folder / "errors", log
        self.process, self.reader, self.state, self.is_halted, self.answers, self.last = None, None, "", False, {}, 0

    async def start(self):
        self.state, self.is_halted = "", False
        with open(self.errors, "a") as errors:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=self.environment,
                limit=1 << 24,
            )
        self.reader = asyncio.create_task(self._read())

    async def _read(self):
        async for line in self.process.stdout:
            self.log("< " + line.decode().rstrip())
            said = json.loads(line)
            if said["event"] == "state":
                self.state = said["name"]
            elif said["event"] == "alarm":
                self.is_halted |= said["code"] == "halted"
            elif said["event"] == "answer" and said["id"] in self.answers:
                waiting = self.answers.pop(said["id"])
                if not waiting.done():
                    waiting.set_result(said)

    async def ask(self, cmd, **fields):
        """What it answers; `None` where it is gone, or silent."""
        self.last += 1
        answer = self.answers[self.last] = asyncio.get_running_loop().create_future()
        line = json.dumps(dict(fields, cmd=cmd, id=self.last))
        self.log("> " + line)
        try:
            self.process.stdin.write(line.encode() + b"\n")
            await self.process.stdin.drain()
            return await asyncio.wait_for(answer, ANSWER_WITHIN_SECONDS)
        except (asyncio.TimeoutError, asyncio.CancelledError, ConnectionError):
            return None

    async def kill(self):
        self.process.kill()
        await self.reader
        await self.process.wait()
        for answer in self.answers.values():
            answer.cancel()
        self.answers.clear()

    async def quit(self):
        await self.ask("quit")
        try:
            return await asyncio.wait_for(self.process.wait(), ANSWER_WITHIN_SECONDS)
        except asyncio.TimeoutError:
            self.process.kill()
            return "none: it does not end"


class Desk:
    """Somebody who trades without plan or pause."""

    def __init__(self, rng, trader, broker):
        self.random, self.trader, self.broker, self.references = rng, trader, broker, []

    async def act(self):
        if self.trader.is_halted:
            self.trader.is_halted = False
            await self.trader.ask("arm", by="desk")
        await self.random.choices(
            (self.submit, self.bracket, self.oco, self.cancel, self.modify), weights=(50, 15, 7, 10, 18)
        )[0]()

    def _order(self, kinds, side=None):
        symbol, side = self.random.choice(list(CONTRACTS)), side or self.random.choice(("BUY", "SELL"))
        market, away = self.broker.prices[symbol], self.random.randint(-40, 40) * CENT
        order = dict(ref="r%d" % (len(self.references) + 1), contract=dict(symbol=symbol, con_id=CONTRACTS[symbol]))
        order.update(side=side, quantity=str(self.random.choice((1, 10, 100))), kind=self.random.choice(kinds))
        order["tif"] = self.random.choice(("DAY", "GTC"))
        if order["kind"] == "LMT":
            order["limit_price"] = str(market + away)
        if order["kind"] == "STP":
            order["stop_price"] = str(market + (abs(away) + 5 * CENT) * (1 if side == "BUY" else -1))
        self.references.append(order["ref"])
        return order

    async def submit(self):
        await self.trader.ask("submit", **self._order(("MKT", "LMT", "LMT", "STP")))

    async def bracket(self):
        entry = self._order(("MKT", "LMT"))
        market = self.broker.prices[entry["contract"]["symbol"]]
        profit = 40 * CENT if entry["side"] == "BUY" else -40 * CENT
        self.references += [entry["ref"] + ":take_profit", entry["ref"] + ":stop_loss"]
        prices = dict(take_profit=str(market + profit), stop_loss=str(market - profit))
        await self.trader.ask("bracket", entry=entry, **prices)

    async def oco(self):
        await self.trader.ask("oco", orders=[self._order(("LMT",), "BUY") for _ in range(2)])

    async def cancel(self):
        if self.references:
            await self.trader.ask("cancel", ref=self.random.choice(self.references[-12:]))

    async def modify(self):
        if self.references:
            quantity = str(self.random.choice((5, 20, 120)))
            await self.trader.ask("modify", ref=self.random.choice(self.references[-6:]), quantity=quantity)


async def disasters(rng, rates, trader, broker):
    """What breaks beside the orders, in one moment."""
    session = broker.session

    def strikes(name):
        return rng.random() < rates[name]

    if session is not None and strikes("drop"):
        broker.forget_kept_back()
        session.cut()
    elif session is not None and strikes("cut_in_a_frame"):
        session.frames_left = rng.randint(1, 30)
    elif session is not None and strikes("half_open"):
        session.is_mute = True
    elif broker.has_ib and strikes("lose_ib"):
        broker.lose_ib()
        asyncio.get_running_loop().call_later(rng.uniform(0, 8), broker.find_ib)
    elif strikes("kill"):
        await trader.kill()
        broker.forget_kept_back()
        if broker.session is not None:
            broker.session.cut()
        await trader.start()


async def differences(trader, broker):
    """Where the trader believes something else than the broker has."""
    answers = [await trader.ask(cmd) for cmd in ("orders", "fills", "positions")]
    if not all(answer and answer["ok"] for answer in answers):
        return ["the trader does not answer"]
    orders, fills, positions = (answer["result"] for answer in answers)
    found, believed = [], set()
    for order in orders:
        numbers = {int(number) for number in order["perm_ids"]}
        own = [one for one in broker.orders if one.permanent_id in numbers]
        believed |= numbers
        filled = sum((one.filled for one in own), Decimal(0))
        if Decimal(order["filled"]) != filled:
            found.append("%(ref)s: filled %(filled)s" % order + ", at the broker %s" % filled)
        has_ended = order["state"] in ("filled", "cancelled", "rejected", "expired", "lost")
        if any(one.is_live for one in own) == has_ended:
            found.append("%(ref)s is %(state)s" % order + ", at the broker %s" % [one.status for one in own])
        if order["state"] == "unknown":
            found.append("%(ref)s is unknown" % order)
    for one in broker.orders:
        if one.reference and not one.is_forgotten and one.permanent_id not in believed:
            found.append("the broker has %s, the trader does not" % one.reference)
    booked = {fill["exec_id"]: fill for fill in fills if Decimal(fill["quantity"])}
    for execution in broker.executions:
        fill = booked.pop(execution.id, None)
        if fill is None:
            found.append("execution %s is missing" % execution.id)
        elif (Decimal(fill["quantity"]), Decimal(fill["price"])) != (execution.quantity, execution.price):
            found.append("execution %s differs: %s" % (execution.id, fill))
        elif bool(fill["ref"]) != bool(execution.order.reference):
            found.append("execution %s is booked to %s" % (execution.id, fill["ref"]))
    found += ["execution %s is nobody's" % exec_id for exec_id in booked]
    held = {position["symbol"]: Decimal(position["quantity"]) for position in positions}
    for symbol in CONTRACTS:
        believes, has = held.get(symbol, Decimal(0)), broker.positions.get(symbol, Decimal(0))
        if believes != has:
            found.append("position of %s: %s, at the broker %s" % (symbol, believes, has))
    return found


async def play(program, seed, seconds, version, folder, log):
    rng = random.Random(seed)
    # Each day has some of the faults, and never all of them.
    rates = {name: rate if rng.random() < 1 / 3 else 0 for name, rate in RATES.items()}
    broker = Broker(rng, dict(rates), log)
    server = await asyncio.start_server(
        lambda reader, writer: Session(broker, version, reader, writer).run(), "127.0.0.1", 0
    )
    (folder / "limits.toml").write_text(LIMITS)
    trader = Trader(program, server.sockets[0].getsockname()[1], folder, log)
    desk = Desk(rng, trader, broker)
    await trader.start()
    end, acting = time.monotonic() + seconds, set()
    while time.monotonic() < end:
        act = asyncio.create_task(desk.act())
        acting.add(act)
        act.add_done_callback(acting.discard)
        await asyncio.sleep(rng.uniform(0, 0.5))
        broker.tick()
        await disasters(rng, rates, trader, broker)
    if acting:
        await asyncio.wait(acting, timeout=ANSWER_WITHIN_SECONDS)

    log("the faults are off")
    broker.faults.clear()
    broker.match = lambda _: None
    if not broker.has_ib:
        broker.find_ib()
    if broker.session is not None:
        broker.session.is_mute, broker.session.frames_left = False, None
    began, found = time.monotonic(), ["nothing was compared"]
    while found and time.monotonic() - began < AGREE_WITHIN_SECONDS and trader.process.returncode is None:
        await asyncio.sleep(2)
        found = await differences(trader, broker)
        if not found and trader.state != "ready":
            found = ["the trader is %s" % trader.state]
    agreed_after = time.monotonic() - began
    proven = await trader.ask("verify")
    if not (proven and proven["ok"]):
        found.append("verify: %s" % proven)
    code = await trader.quit()
    if code != 0:
        found.append("the exit code is %s" % code)
    server.close()
    return dict(
        seed=seed,
        version=version,
        faults=[name for name, rate in rates.items() if rate],
        orders=len(broker.orders),
        fills=len(broker.executions),
        **broker.counts,
        agreed_after=round(agreed_after, 1),
        differences=broker.wrong + found,
    )


def main():
    program, seed, seconds, version = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        lines = []

        def log(line):
            lines.append("%8.3f %s" % (time.monotonic() - began, line))

        told = asyncio.run(play(program, seed, seconds, version, pathlib.Path(folder), log))
        if told["differences"]:
            # Where something went wrong, how it came to it is needed.
            kept = pathlib.Path(tempfile.mkdtemp(prefix="second-tws-%d-" % seed))
            (kept / "log").write_text("\n".join(lines))
            for name in ("errors", "trader.db"):
                if (pathlib.Path(folder) / name).exists():
                    (pathlib.Path(folder) / name).replace(kept / name)
            told["log"] = str(kept)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
