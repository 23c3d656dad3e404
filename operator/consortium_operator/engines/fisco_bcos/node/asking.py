"""One question to a node, whose answer has a known shape."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from consortium_operator.engines.fisco_bcos.node.rpc import Connection

_T = TypeVar("_T")


async def ask(
    node: Connection,
    shape: TypeAdapter[_T],
    method: str,
    *params: object,
    within: float | None = None,
) -> _T:
    """`within`: seconds, if not the limit of a call. Raises CallFailed."""
    result = await node.call(method, *params, within=within)
    try:
        return shape.validate_python(result, strict=True)
    except ValidationError:
        raise node.failed(f"answers {method} in an unknown shape") from None
