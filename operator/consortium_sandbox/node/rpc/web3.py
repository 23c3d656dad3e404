"""The Ethereum-style port, [web3_rpc], as far as a prober needs it: plain HTTP, a few methods.

Those that read contracts, blocks, logs or send transactions are not here: they need an EVM and the
real node's formats. They are "Method not found", like any unknown name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from consortium_sandbox.node.ledger import Ledger
from consortium_sandbox.node.rpc.server import to_bytes
from consortium_sandbox.node.speech import STAND_IN
from consortium_sandbox.node.sync import BlockSync

_INVALID_REQUEST, _METHOD_NOT_FOUND = -32600, -32601
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "jsonrpc": str,
    "method": str,
    "params": list,
    "id": (int, float, str),
}

Json = dict[str, Any]


class Refused(Exception):
    """An error in the body of the answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Web3:
    """Answers bodies of requests with bodies of responses."""

    def __init__(self, ledger: Ledger, sync: BlockSync, batch_limit: int) -> None:
        self._ledger = ledger
        self._sync = sync
        self._batch_limit = batch_limit

    async def answer(self, body: bytes) -> bytes:
        request: Any = None
        try:
            request = _parse(body)
            if not isinstance(request, list):
                return to_bytes(self._answer_one(request))
            if not request:
                raise Refused(_INVALID_REQUEST, "The request array is empty")
            if len(request) > self._batch_limit:
                raise Refused(
                    _INVALID_REQUEST,
                    f"The requested array size exceeds the limit size: {self._batch_limit}",
                )
            answers = [self._answer_one(one) for one in request]
            return to_bytes(answers if len(answers) > 1 else answers[0])
        except Refused as error:
            return to_bytes(_refusal(request, error))

    def _answer_one(self, request: Any) -> Json:
        try:
            _validate(request)
            method = self._methods().get(request["method"])
            if method is None:
                raise Refused(_METHOD_NOT_FOUND, "Method not found")
            return {"id": request["id"], "jsonrpc": "2.0", "result": method()}
        except Refused as error:
            return _refusal(request, error)

    def _methods(self) -> Mapping[str, Callable[[], Any]]:
        return {
            "eth_accounts": list,
            "eth_blockNumber": lambda: hex(self._ledger.height),
            "eth_chainId": self._chain_id,
            "eth_gasPrice": lambda: hex(int(self._setting("tx_gas_price", "0x0"), 16)),
            "eth_syncing": self._syncing,
            "net_listening": lambda: True,
            "net_peerCount": lambda: len(self._sync.peers),
            "net_version": self._chain_id,
            "web3_clientVersion": lambda: f"FISCO-BCOS-Web3RPC/{STAND_IN}",
        }

    def _chain_id(self) -> str:
        return hex(int(self._setting("web3_chain_id", "0") or 0))

    def _syncing(self) -> Any:
        if not self._sync.is_syncing:
            return False
        return {
            "startingBlock": "0x0",
            "currentBlock": hex(self._ledger.height),
            "highestBlock": hex(self._sync.known_highest),
        }

    def _setting(self, key: str, default: str) -> str:
        found = self._ledger.state().setting(key)
        return found.value if found else default


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise Refused(_INVALID_REQUEST, "Parse json failed") from None


def _validate(request: Any) -> None:
    """JsonValidator.cpp: these four fields and no other; params may be missing."""
    if not isinstance(request, dict):
        raise Refused(_INVALID_REQUEST, "Request not valid")
    for name, value in request.items():
        if name not in _FIELDS or not isinstance(value, _FIELDS[name]):
            raise Refused(_INVALID_REQUEST, f"Invalid field: {name}")
    if not {"jsonrpc", "method", "id"} <= request.keys():
        raise Refused(
            _INVALID_REQUEST, "Request not valid, required fields: jsonrpc, method, params, id"
        )


def _refusal(request: Any, error: Refused) -> Json:
    number = request.get("id") if isinstance(request, dict) else None
    return {
        "id": number,
        "jsonrpc": "2.0",
        "error": {"code": error.code, "message": error.message},
    }
