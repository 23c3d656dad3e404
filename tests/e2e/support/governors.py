"""A committee of three governors, of whom one keeps the key outside of the cluster."""

from collections.abc import Collection

from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from tests.e2e.support.chain import Body, Chain
from tests.kubectl import as_list

FOREIGN = "foreign"
_ENGINE = FiscoBcos()
KEYS = {name: _ENGINE.new_account() for name in ("first", "second", FOREIGN)}
ADDRESSES = {name: _ENGINE.account_register(key).address for name, key in KEYS.items()}


def bring(chain: Chain, name: str) -> None:
    """The governor's Secret."""
    metadata = {"name": _secret(name), "namespace": chain.namespace}
    data = KEYS[name].to_secret_data()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    chain.kubectl("create", "--filename=-", stdin=as_list(secret))


def committee(held: Collection[str]) -> Body:
    """spec.fiscoBcos: three governors at 51 %, of whose keys the cluster holds some."""
    governors = [
        {"address": address, **({"secretName": _secret(name)} if name in held else {})}
        for name, address in ADDRESSES.items()
    ]
    return {"governors": governors, "governanceRates": {"participation": 51, "win": 51}}


def _secret(name: str) -> str:
    return f"governor-{name}"
