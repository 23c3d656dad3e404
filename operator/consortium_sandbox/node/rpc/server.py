"""JSON-RPC 2.0 as the node understands it (JsonRpcInterface.cpp): no batches, integer ids."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

PARSE_ERROR = (-32700, "Invalid JSON was received by the server.")
INVALID_REQUEST = (-32600, "The JSON sent is not a valid Request object.")
METHOD_NOT_FOUND = (-32601, "The method does not exist/is not available.")
NO_SUCH_NODE = -32000


class RpcError(Exception):
    """An error in the body of the answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Params:
    """The positional parameters; a missing one is null, as in jsoncpp."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def text(self, index: int) -> str:
        value = self._at(index)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        raise RpcError(INVALID_REQUEST[0], "Value is not a string")

    def integer(self, index: int) -> int:
        value = self._at(index)
        if value is None:
            return 0
        if isinstance(value, (bool, int, float)):
            return int(value)
        raise RpcError(INVALID_REQUEST[0], "Value is not convertible to Int64.")

    def boolean(self, index: int) -> bool:
        return bool(self._at(index))

    def _at(self, index: int) -> Any:
        return self._values[index] if index < len(self._values) else None


Method = Callable[[Params], Awaitable[Any]]


@dataclass(frozen=True)
class Request:
    """A well-formed request."""

    version: str
    method: str
    params: list[Any]
    id: int


class JsonRpc:
    """Answers bodies of requests with bodies of responses."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._methods = methods

    async def answer(self, body: bytes) -> bytes:
        request = Request("", "", [], 0)
        try:
            request = parse(body)
            method = self._methods.get(request.method)
            if method is None:
                raise RpcError(*METHOD_NOT_FOUND)
            outcome = {"result": await method(Params(request.params))}
        except RpcError as error:
            outcome = {"error": {"code": error.code, "message": error.message}}
        return to_bytes(outcome | {"id": request.id, "jsonrpc": request.version})


def parse(body: bytes) -> Request:
    """Raises RpcError. What is JSON but no object is a parse error in the node, garbage is not."""
    try:
        document = json.loads(body)
    except ValueError:
        raise RpcError(*INVALID_REQUEST) from None
    if document is None:
        raise RpcError(*INVALID_REQUEST)
    if not isinstance(document, dict):
        raise RpcError(*PARSE_ERROR)
    if "jsonrpc" not in document or "method" not in document:
        raise RpcError(*INVALID_REQUEST)
    number = document.get("id", 0)
    if isinstance(number, (str, list, dict)):
        raise RpcError(*PARSE_ERROR)
    if not isinstance(document.get("params"), list):
        raise RpcError(*INVALID_REQUEST)
    return Request(
        version=_scalar(document["jsonrpc"]),
        method=_scalar(document["method"]),
        params=document["params"],
        id=int(number or 0),
    )


def to_bytes(document: Any) -> bytes:
    """Sorted keys, no blanks. A p2pNodeID may hold bytes that are not UTF-8: they go out as is."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogateescape")


def _scalar(value: Any) -> str:
    if isinstance(value, (list, dict)):
        raise RpcError(*PARSE_ERROR)
    return "" if value is None else str(value)
