"""The one table of engines, by the value of spec.engine."""

from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.protocol import Engine

ENGINES: dict[str, Engine] = {"FiscoBcos": FiscoBcos()}
