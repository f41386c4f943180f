"""Writes a JSON line for every frame that IB's client makes: `name`, `server_version`, `frame`, `by`.

usage: requests.py SEED FRAMES
"""

import inspect
import json
import logging
import random
import sys

from ibapi import server_versions
from ibapi.client import EClient
from ibapi.message import OUT
from ibapi.wrapper import EWrapper

from draw import Draw, DrawProtobuf
from protobuf_classes import request_classes

# Versions at which the layout of some message changes, or its form.
VERSIONS = [
    176, 177, 178, 179, 180, 182, 183, 184, 185, 186, 187, 188, 189, 190, 192, 193, 194, 195, 196, 197, 198, 199, 200, 201, 202, 203,
    204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 215, 216, 217, 218, 219, 221, 223, 226,
]
# Requests that take protobuf only, and their first version; no field of theirs has a gate.
MADE_BY_NO_METHOD = {"REQ_CONFIG": 219, "UPDATE_CONFIG": 221}
NOT_REQUESTS = {
    "connect", "disconnect", "isConnected", "keyboardInterrupt", "keyboardInterruptHard", "logRequest", "msgLoopRec", "msgLoopTmo",
    "reset", "run", "sendMsg", "sendMsgProtoBuf", "serverVersion", "setConnState", "setConnectOptions", "setConnectionOptions",
    "setOptionalCapabilities", "twsConnectionTime", "useProtoBuf", "checkConnected",
}


class Refusal(Exception):
    pass


class Wrapper(EWrapper):
    def error(self, *arguments):
        raise Refusal(str(arguments)[:200])


class Client(EClient):
    """The client with a socket that keeps what is sent."""

    def __init__(self, version):
        super().__init__(Wrapper())
        self.frames = []
        self.conn = self
        self.serverVersion_ = version
        self.extraAuth = True
        self.clientId = 7
        self.connState = EClient.CONNECTED

    def isConnected(self):
        return True

    def disconnect(self):
        pass


class Socket:
    def __init__(self, frames):
        self.frames = frames

    def sendMsg(self, message):
        self.frames.append(bytes(message))
        return len(message)

    def isConnected(self):
        return True

    def disconnect(self):
        pass


def frames_of(method, version, seed):
    client = Client(version)
    client.conn = Socket(client.frames)
    draw = Draw(random.Random(seed), version)
    client.clientId = draw.random.randint(0, 99)
    client.optCapab = draw.random.choice(["", "A B"])
    arguments = draw.arguments(method, version >= 203)
    if arguments is None:
        raise Refusal("unknown parameters")
    try:
        method(client, *arguments)
    except (NotImplementedError, AttributeError, TypeError) as fault:  # an older client that knows no better
        raise Refusal(repr(fault)) from fault
    return client.frames


def main():
    logging.disable(logging.CRITICAL)
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    newest = server_versions.MAX_CLIENT_VER
    versions = [version for version in VERSIONS if version <= newest]
    names = {value: name for name, value in vars(OUT).items() if not name.startswith("_") and isinstance(value, int)}
    methods = [
        (name, method) for name, method in inspect.getmembers(EClient, inspect.isfunction)
        if not name.startswith("_") and name not in NOT_REQUESTS and not name.startswith("validate")
        and not name.endswith("ProtoBuf")
    ]
    weights = {"placeOrder": 6, "reqMktData": 2, "reqExecutions": 2, "cancelOrder": 2, "reqContractDetails": 2}
    turns = [pair for pair in methods for _ in range(weights.get(pair[0], 1))]
    rnd = random.Random(seed)
    # A text and a protobuf version first, so that a short run sees both forms; then each version in turn.
    orders = {}
    for name, _ in methods:
        shuffled = versions[:]
        rnd.shuffle(shuffled)
        low = [version for version in shuffled if version < 201]
        high = [version for version in shuffled if version >= 213]
        first = low[:1] + high[:1]
        orders[name] = first + [version for version in shuffled if version not in first]
    classes = request_classes() if newest >= 213 else {}
    fills = DrawProtobuf(rnd) if classes else None
    written = 0
    at = {}
    refused = {}
    sent = set()

    def write(frame, version, by):
        nonlocal written
        body = frame[4:]
        number = int.from_bytes(body[:4], "big") if version >= 201 else int(body.split(b"\0")[0])
        number -= 200 if version >= 201 and number > 200 else 0
        name = names.get(number, str(number))
        sent.add(name)
        print(json.dumps({"name": name, "from": "client", "server_version": version, "frame": body.hex(), "by": by}))
        written += 1

    while written < count:
        before = written
        for name, method in turns:
            version = orders[name][at.get(name, 0) % len(versions)]
            at[name] = at.get(name, 0) + 1
            for _ in range(8):  # what the client refuses is drawn again
                try:
                    made = frames_of(method, version, rnd.random())
                except Refusal as refusal:
                    refused[name] = str(refusal)
                    continue
                if made:
                    for frame in made:
                        write(frame, version, name)
                    break
            if written >= count:
                break
        for name, (number, cls) in classes.items():
            if written >= count and name in sent:
                continue
            message = fills.fill(cls())
            version = newest
            if name in MADE_BY_NO_METHOD:
                own = [version for version in versions if version >= MADE_BY_NO_METHOD[name]]
                version = own[at.get(name, 0) % len(own)]
                at[name] = at.get(name, 0) + 1
            write(bytes(4) + (number + 200).to_bytes(4, "big") + message.SerializeToString(), version, "fill")
        if written == before:
            sys.exit("the client makes no frames: %s" % refused)
    known = [name for name in names.values() if name not in sent]
    print(json.dumps({"silent": known, "refused": {name: why for name, why in refused.items()}}))


main()
