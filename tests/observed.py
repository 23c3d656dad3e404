"""What real nodes answered (tests/data/fisco_bcos/observed), and transactions from elsewhere."""

import json
from typing import Any

from tests.golden import DATA

FILES = DATA / "fisco_bcos" / "observed"
TRANSACTION_VECTORS = [
    bytes.fromhex(line.removeprefix("0x"))
    for line in (DATA / "fisco_bcos" / "transaction-vectors.txt").read_text().splitlines()
    if line.startswith("0x")
]
"""Two of the public java-sdk, of version 0 and of version 1."""
SM_TRANSACTION: dict[str, Any] = json.loads(
    (DATA / "fisco_bcos" / "transaction-sm.json").read_text()
)
"""One that a real SM node took: its private key, its bytes, its receipt."""


def raw(name: str) -> bytes:
    """An answer as it comes over the wire."""
    return (FILES / f"{name}.json").read_bytes()


def answer(name: str) -> Any:
    """An answer, without what we wrote into its file about it."""
    return {key: value for key, value in json.loads(raw(name)).items() if key[0] != "_"}


def result(name: str) -> Any:
    """The result of an answer."""
    return answer(name)["result"]
