"""Which protobuf class belongs to which message, found by looking at the installed client."""

import importlib
import inspect
import pkgutil
import re


def every_class():
    import ibapi.protobuf

    found = {}
    for module in pkgutil.iter_modules(ibapi.protobuf.__path__):
        if module.name.endswith("_pb2"):
            name = module.name[: -len("_pb2")]
            cls = getattr(importlib.import_module("ibapi.protobuf." + module.name), name, None)
            if cls:
                found[name.lower()] = cls
    return found


def request_classes():
    """Name of each request with a protobuf form: its id and its class."""
    from ibapi.client import EClient
    from ibapi.message import OUT

    classes = every_class()
    found = {}
    for name, method in inspect.getmembers(EClient, inspect.isfunction):
        if not name.endswith("ProtoBuf") or name == "sendMsgProtoBuf":
            continue
        parameters = list(inspect.signature(method).parameters)
        outs = re.findall(r"OUT\.(\w+) \+", inspect.getsource(method))
        cls = classes.get(parameters[-1][: -len("Proto")].lower()) if len(parameters) == 2 else None
        if outs and cls:
            found[outs[-1]] = (getattr(OUT, outs[-1]), cls)
    return found


def response_classes():
    """Name of each response with a protobuf form: its id and its class."""
    from ibapi import decoder
    from ibapi.message import IN
    from ibapi.wrapper import EWrapper

    names = {value: name for name, value in vars(IN).items() if not name.startswith("_") and isinstance(value, int)}
    found = {}
    for number, info in decoder.Decoder(EWrapper(), 203).msgId2handleInfoProtoBuf.items():
        made = re.findall(r"= (\w+)\(\)\s+\w+\.ParseFromString", inspect.getsource(info.processMeth))
        cls = getattr(decoder, made[0], None) if made else None
        if cls:
            found[names.get(number, str(number))] = (number, cls)
    return found


def responses_by_signature():
    """Names of the responses whose text the client reads by the signature of a callback."""
    from ibapi import decoder
    from ibapi.message import IN
    from ibapi.wrapper import EWrapper

    names = {value: name for name, value in vars(IN).items() if not name.startswith("_") and isinstance(value, int)}
    table = decoder.Decoder(EWrapper(), 203).msgId2handleInfo
    return {names.get(number, str(number)) for number, info in table.items() if info.wrapperMeth is not None}
