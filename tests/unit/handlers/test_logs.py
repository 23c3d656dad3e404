"""A log line is one JSON object, names its chain, and never shows a key."""

import json
import logging
import sys
from typing import Any

import pytest

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.handlers import logs
from consortium_operator.reconcile.world import ChainLog

KEY = FiscoBcos().new_node_key()["node.pem"].decode()
BODY = KEY.splitlines()[1]


def line(message: str, *args: object, exc_info: Any = None, **extra: object) -> dict[str, Any]:
    logger = logging.Logger("test")
    record = logger.makeRecord(
        "test", logging.INFO, "x.py", 1, message, args, exc_info, extra=extra or None
    )
    text = logs.JsonFormatter().format(record)
    assert "\n" not in text
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_a_line_has_time_level_logger_and_message() -> None:
    found = line("made %d keys", 3)
    assert list(found) == ["time", "level", "logger", "message"]
    assert (found["level"], found["logger"], found["message"]) == ("info", "test", "made 3 keys")
    assert found["time"].endswith("+00:00")


def test_extras_are_fields_in_a_fixed_order() -> None:
    found = line("x", node="webank/a-0", chain="chains/trade", height=3, what=ValueError("no"))
    assert list(found)[4:] == ["chain", "height", "node", "what"]
    assert (found["chain"], found["height"], found["what"]) == ("chains/trade", 3, "no")


def test_an_extra_cannot_take_the_place_of_what_a_line_always_has() -> None:
    assert line("x", level="none", time="never")["level"] == "info"


def test_an_exception_is_in_the_line() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        found = line("failed", exc_info=sys.exc_info())
    assert "ValueError: first\nsecond" in found["exception"]


@pytest.mark.parametrize(
    "text",
    [KEY, repr(KEY.encode()), f"a {KEY} b {KEY} c", KEY[:90], KEY.replace("\n", "\\n")],
    ids=["pem", "bytes", "two", "cut-off", "escaped"],
)
@pytest.mark.parametrize("where", ["message", "argument", "extra", "exception"])
def test_a_key_is_blotted_out_wherever_it_strays(text: str, where: str) -> None:
    if where == "message":
        found = line(text)
    elif where == "argument":
        found = line("got %s", text)
    elif where == "extra":
        found = line("x", stray=text)
    else:
        try:
            raise ValueError(text)
        except ValueError:
            found = line("failed", exc_info=sys.exc_info())
    assert BODY[:20] not in json.dumps(found)
    assert "[redacted]" in json.dumps(found)


def test_what_stands_around_a_key_stays() -> None:
    assert line(f"before {KEY.strip()} after")["message"] == "before [redacted] after"


def test_private_files_show_their_names_only() -> None:
    files = PrivateFiles({"node.pem": KEY.encode()})
    assert line("%s %r", files, files)["message"] == (
        "PrivateFiles(node.pem: redacted) PrivateFiles(node.pem: redacted)"
    )


def test_every_line_of_a_chain_names_it(caplog: pytest.LogCaptureFixture) -> None:
    log = ChainLog(logging.getLogger("test"), {"chain": "chains/trade"})
    with caplog.at_level(logging.INFO):
        log.info("made a key", extra={"secret": "x"})
    found = json.loads(logs.JsonFormatter().format(caplog.records[0]))
    assert (found["chain"], found["secret"]) == ("chains/trade", "x")


@pytest.fixture
def loggers() -> Any:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


@pytest.mark.usefixtures("loggers")
def test_at_debug_the_libraries_keep_bodies_to_themselves() -> None:
    """kopf and aiohttp log whole objects and payloads at DEBUG."""
    logs.configure("debug")
    assert logging.getLogger("consortium_operator").isEnabledFor(logging.DEBUG)
    for chatty in ("kopf", "kopf.objects", "aiohttp.access", "asyncio"):
        assert not logging.getLogger(chatty).isEnabledFor(logging.DEBUG)


@pytest.mark.usefixtures("loggers")
def test_a_higher_level_holds_for_libraries_as_well() -> None:
    logs.configure("error")
    for name in ("consortium_operator", "kopf", "aiohttp"):
        assert not logging.getLogger(name).isEnabledFor(logging.WARNING)
