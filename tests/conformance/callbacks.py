"""Reads JSON lines with a `server_version` and a `frame` of a server, and writes for each what the client's wrapper is told.

usage: callbacks.py
Output: `calls`, a list of callbacks by name with their arguments by name; `left`, how many text fields nobody read; `error`.
"""

import enum
import inspect
import json
import logging
import re
import sys
from decimal import Decimal, InvalidOperation

from ibapi.decoder import Decoder
from ibapi.wrapper import EWrapper

UNSET = {"1.7976931348623157E+308", "1.7976931348623157E308", "2147483647", "9223372036854775807", "170141183460469231731687303715884105727"}


class Fields(list):
    """The fields of a frame; remembers how far they were read."""

    def __iter__(self):
        self.reader = super().__iter__()
        return self.reader

    def left(self):
        return len(list(self.reader))


class Wrapper(EWrapper):
    pass


def recording(calls):
    wrapper = Wrapper()

    def recorder(name, names):
        def record(*arguments, **named):
            told = dict(zip(names, arguments), **named)
            if "smartComponentMap" in told:
                told["smartComponentMap"] = components(told["smartComponentMap"])
            calls.append([name, {key: normal(value) for key, value in told.items()}])

        return record

    for name, method in inspect.getmembers(EWrapper, inspect.isfunction):
        # The client hands the protobuf message over as it is, too; what counts here is how it reads it.
        if name.startswith("_") or (name.endswith("ProtoBuf") and "onfig" not in name):
            if name.endswith("ProtoBuf"):
                setattr(wrapper, name, lambda *_: None)
            continue
        setattr(wrapper, name, recorder(name, list(inspect.signature(method).parameters)[1:]))
    return wrapper


def components(told):
    """Smart components as rows: the client tells a map of them from protobuf and a list from text."""
    if isinstance(told, dict):
        return [(key, *value) for key, value in sorted(told.items())]
    return [tuple(vars(component).values()) for component in sorted(told, key=lambda component: component.bitNumber)]


def normal(value, depth=0):
    """A value as JSON: numbers by value, what stands for "unset" as null."""
    if depth > 8:
        return "..."
    if hasattr(value, "ListFields"):
        return str(value)
    if isinstance(value, enum.Enum):
        return None if value.name == "NoneItem" else value.name
    if isinstance(value, bool):
        return normal(int(value))
    if isinstance(value, (int, float, Decimal)):
        try:
            exact = Decimal(repr(value) if isinstance(value, float) else value)
            shown = format(exact.normalize(), "f") if exact.is_finite() and abs(exact) < 10**40 else str(exact)
        except InvalidOperation:
            shown = str(value)
        if shown in UNSET or shown == "-0":
            return None if shown in UNSET else {"number": "0"}
        return {"number": shown}
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        if value in UNSET or value == "":
            return None
        # Margins are words to the client, made of a number in protobuf.
        if re.fullmatch(r"-?\d+\.\d+", value):
            value = value.rstrip("0").rstrip(".")
        # Where the client reads text by signature it leaves a flag as the word that came.
        return {"true": {"number": "1"}, "false": {"number": "0"}}.get(value, value)
    if value is None:
        return None
    if isinstance(value, dict):
        return {str(key): normal(item, depth + 1) for key, item in value.items()} or None
    if isinstance(value, (list, tuple, set)):
        items = [normal(item, depth + 1) for item in value]
        if isinstance(value, set):
            items.sort(key=str)
        if value and type(next(iter(value))).__name__ == "TagValue":
            items.sort(key=str)  # a map in protobuf, which has no order
        return items or None
    if hasattr(value, "__dict__"):
        return {key: normal(item, depth + 1) for key, item in vars(value).items()}
    return str(value)


def read(frame, version):
    calls = []
    decoder = Decoder(recording(calls), version)
    decoder.serverVersion = version
    left = 0
    error = None
    try:
        if version >= 201:
            number, body = int.from_bytes(frame[:4], "big"), frame[4:]
            if number > 200:
                decoder.processProtoBuf(body, number - 200)
                return calls, 0, None
            fields = Fields(body.split(b"\0")[:-1])
            decoder.interpret(fields, number)
        else:
            fields = Fields(frame.split(b"\0")[:-1])
            if "msgId" in inspect.signature(Decoder.interpret).parameters:
                number = int(fields[0])
                fields = Fields(fields[1:])
                decoder.interpret(fields, number)
            else:
                decoder.interpret(fields)
        left = fields.left() if hasattr(fields, "reader") else 0
    except Exception as failure:  # whatever it is, it is the finding
        error = "%s: %s" % (type(failure).__name__, str(failure)[:200])
    return calls, left, error


def main():
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        asked = json.loads(line)
        calls, left, error = read(bytes.fromhex(asked["frame"]), asked["server_version"])
        print(json.dumps({"calls": calls, "left": left, "error": error}))


main()
