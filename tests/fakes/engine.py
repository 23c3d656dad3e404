"""The real engine with keys from a pool: an RSA key costs 0.1 s, and tests make thousands."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos

LoadKey = Callable[..., PrivateKeyTypes]


@cache
def _tls_key(number: int) -> PrivateFiles:
    return FiscoBcos().new_tls_key()


@cache
def _client_key(number: int) -> PrivateFiles:
    return FiscoBcos().new_client_key()


class PooledKeys(FiscoBcos):
    """Gives each TLS and client key once, in the order of the pool."""

    def __init__(self) -> None:
        self._tls = 0
        self._clients = 0

    def new_tls_key(self) -> PrivateFiles:
        self._tls += 1
        return _tls_key(self._tls)

    def new_client_key(self) -> PrivateFiles:
        self._clients += 1
        return _client_key(self._clients)


_LOADED: dict[bytes, PrivateKeyTypes] = {}


def remembering(load: LoadKey) -> LoadKey:
    """OpenSSL proves an RSA key's primes at every load, which costs as much as making one."""

    def load_key(files: Mapping[str, bytes], name: str, **how: Any) -> PrivateKeyTypes:
        content = files.get(name, b"")
        if content not in _LOADED:
            _LOADED[content] = load(files, name, **how)
        return _LOADED[content]

    return load_key
