"""A call of a contract, what it may give back, and how it may fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consortium_sandbox.node import abi
from consortium_sandbox.node.block import LogEntry
from consortium_sandbox.node.state import State

SYSTEM_GAS, DEPLOY_GAS = "21000", "44"
PRECOMPILED_ERROR, REVERT, CALL_ADDRESS_ERROR = 15, 16, 19

SYSTEM_CONFIG_ADDRESS = f"{0x1000:040x}"
CONSENSUS_ADDRESS = f"{0x1003:040x}"
COMMITTEE_ADDRESS = f"{0x10001:040x}"


class CallFailed(Exception):
    """The call changes nothing; the text is in the receipt."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


def precompiled_error(text: str) -> CallFailed:
    """What a built-in contract throws."""
    return CallFailed(text, PRECOMPILED_ERROR)


def revert(text: str) -> CallFailed:
    """What a Solidity contract reverts with."""
    return CallFailed(text, REVERT)


@dataclass(frozen=True)
class Call:
    """`sender` and `to` are 40 hex digits. What is written to the state is dropped on failure."""

    state: State
    block_number: int
    sender: str
    to: str
    input: bytes

    @property
    def selector(self) -> bytes:
        return self.input[:4]

    def arguments(self, signature: str) -> list[abi.Value]:
        try:
            return abi.decode(abi.parameters(signature), self.input[4:])
        except abi.AbiError as error:
            raise precompiled_error(f"Invalid input: {error}") from error

    @property
    def may_govern(self) -> bool:
        """With auth on only the committee's own contract may change the chain."""
        return not self.state.auth_is_on() or self.sender == COMMITTEE_ADDRESS


@dataclass(frozen=True)
class Result:
    """A call that succeeded."""

    output: bytes = b""
    logs: tuple[LogEntry, ...] = ()


Contract = Callable[[Call], Result]


def code(value: int) -> Result:
    """A return code, as int256."""
    return Result(abi.encode(["int256"], [value]))
