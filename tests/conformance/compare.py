"""Reads JSON lines with two frames of the same message, `frame` and `again`, and writes a line for every place where they differ.

Text is compared field by field, numbers by value; protobuf as the client's own classes parse it.
"""

import json
import sys
from decimal import Decimal, InvalidOperation


def number(field):
    try:
        return Decimal(field.decode())
    except (InvalidOperation, UnicodeDecodeError):
        return None


def text(first, second, skip):
    first, second = first[skip:].split(b"\0"), second[skip:].split(b"\0")
    if len(first) != len(second):
        yield "fields", len(first), len(second)
        return
    for at, (one, other) in enumerate(zip(first, second)):
        if one != other and (number(one) is None or number(one) != number(other)):
            yield "field %d" % at, one.decode("latin-1"), other.decode("latin-1")


def plain(message, decimals):
    """A protobuf message as a tree. What neither side writes says the same as its absence: false and empty words."""
    tree = {}
    for field, value in message.ListFields():
        if field.message_type and field.message_type.GetOptions().map_entry:
            items = dict(value)
            tree[field.name] = {str(key): plain(item, decimals) if hasattr(item, "ListFields") else item for key, item in items.items()}
        elif hasattr(value, "ListFields"):
            inner = plain(value, decimals)
            if inner or not field.name.startswith("tickAttrib"):  # that no mark is set its absence says too
                tree[field.name] = inner
        elif hasattr(value, "append") or hasattr(value, "add"):
            tree[field.name] = [plain(item, decimals) if hasattr(item, "ListFields") else item for item in value]
        elif value is False or value == "":
            continue
        elif field.name in decimals and isinstance(value, str):
            tree[field.name] = Decimal(value)
        else:
            tree[field.name] = value
    return tree


def differences(first, second, path=""):
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted(set(first) | set(second)):
            yield from differences(first.get(key), second.get(key), path + ("." if path else "") + key)
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for one, other in zip(first, second):
            yield from differences(one, other, path + "[]")
    elif first != second:
        yield path, first, second


def main():
    try:
        from draw import decimal_fields
        from protobuf_classes import every_class, request_classes, response_classes

        every_class()
        classes = {"client": {number: cls for number, cls in request_classes().values()},
                   "server": {number: cls for number, cls in response_classes().values()}}
        decimals = decimal_fields()
    except ImportError:  # a client from before protobuf
        classes, decimals = {"client": {}, "server": {}}, set()
    for at, line in enumerate(sys.stdin):
        pair = json.loads(line)
        first, second = bytes.fromhex(pair["frame"]), bytes.fromhex(pair["again"])
        if first == second:
            continue
        binary = pair["server_version"] >= 201
        id_bytes = 4 if binary else 0
        if first[:id_bytes] != second[:id_bytes]:
            found = [("id", first[:4].hex(), second[:4].hex())]
        elif binary and int.from_bytes(first[:4], "big") > 200:
            cls = classes[pair["from"]][int.from_bytes(first[:4], "big") - 200]
            one, other = cls(), cls()
            one.ParseFromString(first[4:])
            other.ParseFromString(second[4:])
            found = list(differences(plain(one, decimals), plain(other, decimals)))
        else:
            found = list(text(first, second, id_bytes))
        for path, one, other in found:
            print(json.dumps({"at": at, "path": path, "theirs": str(one), "ours": str(other)}))


main()
