"""The one table of engines, by the value of spec.engine."""

from collections.abc import Callable, Mapping
from datetime import datetime

from consortium_operator.chain.inspected import Inspected
from consortium_operator.chain.log_entry import LogEntry
from consortium_operator.chain.plan import Plan
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.fisco_bcos.inspection.inspect import inspect as _fisco_bcos
from consortium_operator.engines.fisco_bcos.log_lines import read_log_line as _fisco_bcos_log
from consortium_operator.engines.fisco_bcos.node.client import connect as connect_fisco_bcos
from consortium_operator.engines.protocol import ChainClient, Engine

ENGINES: Mapping[str, Engine] = {"FiscoBcos": FiscoBcos()}

_CONNECT: Mapping[str, Callable[[Plan], ChainClient]] = {"FiscoBcos": connect_fisco_bcos}


def connect(plan: Plan) -> ChainClient:
    """A client for the running nodes of a chain."""
    return _CONNECT[plan.engine](plan)


_INSPECT = (_fisco_bcos,)


def inspect(files: Mapping[str, bytes], now: datetime) -> tuple[Inspected, ...]:
    """Everything that any engine knows among `files` (path → content), in the order of paths."""
    found = (one for look in _INSPECT for one in look(files, now))
    return tuple(sorted(found, key=lambda one: (one.path, one.kind)))


_READ_LOG: Mapping[str, Callable[[str], LogEntry]] = {"FiscoBcos": _fisco_bcos_log}


def read_log_line(engine: str, line: str) -> LogEntry:
    """A line as a node of that engine writes it, without its end."""
    return _READ_LOG[engine](line)
