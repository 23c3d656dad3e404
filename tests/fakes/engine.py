"""The real engine with keys from a pool: an RSA key costs 0.1 s, and tests make thousands."""

from dataclasses import dataclass, replace
from functools import cache

from consortium_operator.chain.plan import Plan
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD


@cache
def _tls_key(suite: CryptoSuite, number: int) -> PrivateFiles:
    return FiscoBcos(suite).new_tls_key()


@cache
def _client_key(number: int) -> PrivateFiles:
    return FiscoBcos().new_client_key()


@dataclass(slots=True)
class _Taken:
    """How many keys of the pool were given."""

    tls: int = 0
    clients: int = 0


class PooledKeys(FiscoBcos):
    """Gives each TLS and client key once, in the order of the pool."""

    def __init__(self, suite: CryptoSuite = STANDARD, taken: _Taken | None = None) -> None:
        super().__init__(suite)
        self._taken = taken or _Taken()

    def for_chain(self, plan: Plan) -> "PooledKeys":
        return PooledKeys(super().for_chain(plan).suite, self._taken)

    def copy(self) -> "PooledKeys":
        return PooledKeys(self.suite, replace(self._taken))

    def new_tls_key(self) -> PrivateFiles:
        self._taken.tls += 1
        return _tls_key(self.suite, self._taken.tls)

    def new_client_key(self) -> PrivateFiles:
        self._taken.clients += 1
        return _client_key(self._taken.clients)
