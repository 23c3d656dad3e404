"""The one table of engines, by the value of spec.engine."""

from collections.abc import Callable, Mapping

from consortium_operator.chain.plan import Plan
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.fisco_bcos.node.client import connect as connect_fisco_bcos
from consortium_operator.engines.protocol import ChainClient, Engine

ENGINES: Mapping[str, Engine] = {"FiscoBcos": FiscoBcos()}

_CONNECT: Mapping[str, Callable[[Plan], ChainClient]] = {"FiscoBcos": connect_fisco_bcos}


def connect(plan: Plan) -> ChainClient:
    """A client for the running nodes of a chain."""
    return _CONNECT[plan.engine](plan)
