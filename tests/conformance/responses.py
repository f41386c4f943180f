"""Writes a JSON line for every random answer: `name`, `from`, `server_version`, `frame`.

usage: responses.py SEED COUNT

Answers are protobuf, filled by what the client's own descriptors say, at the newest version; those without a protobuf form are text.
"""

import json
import random
import sys

from ibapi import server_versions

from draw import DrawProtobuf
from protobuf_classes import response_classes, responses_by_signature


def text_only(rnd):
    """Fields of the answers that have no protobuf form, id first."""
    number = lambda: str(rnd.randint(0, 10**6))
    double = lambda: rnd.choice(["0.0", "1.5", "-3.75", "181.25"])
    word = lambda: rnd.choice(["A", "x y", "Z-9/:", "w7"])
    return {
        "TICK_EFP": ["47", "6", number(), rnd.choice(["38", "39", "40"]), double(), word(), double(), number(), word(), double(), double()],
        "DELTA_NEUTRAL_VALIDATION": ["56", "1", number(), number(), double(), double()],
        "VERIFY_AND_AUTH_MESSAGE_API": ["69", "1", word(), word()],
        "VERIFY_AND_AUTH_COMPLETED": ["70", "1", rnd.choice(["true", "false"]), word()],
    }


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    newest = server_versions.MAX_CLIENT_VER
    rnd = random.Random(seed)
    draw = DrawProtobuf(rnd)
    classes = response_classes()
    whole = responses_by_signature()
    weights = {"OPEN_ORDER": 6, "COMPLETED_ORDER": 4, "CONTRACT_DATA": 4, "BOND_CONTRACT_DATA": 2, "EXECUTION_DATA": 2, "TICK_BY_TICK": 2}
    turns = [name for name in classes for _ in range(weights.get(name, 1))]
    written = 0
    while written < count:
        for name in turns:
            number, cls = classes[name]
            # The client cannot read an empty number where it goes by the signature of its callback.
            message = draw.fill(cls(), 1.0 if name in whole else None)
            frame = (number + 200).to_bytes(4, "big") + message.SerializeToString()
            print(json.dumps({"name": name, "from": "server", "server_version": newest, "frame": frame.hex()}))
        for name, fields in text_only(rnd).items():
            frame = int(fields[0]).to_bytes(4, "big") + b"".join(field.encode() + b"\0" for field in fields[1:])
            print(json.dumps({"name": name, "from": "server", "server_version": newest, "frame": frame.hex()}))
        written += len(turns) + 4


main()
