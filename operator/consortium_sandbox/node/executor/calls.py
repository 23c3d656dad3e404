"""A call of a contract, what it may give back, and how it may fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consortium_sandbox.node import abi
from consortium_sandbox.node.block import LogEntry
from consortium_sandbox.node.releases import Release
from consortium_sandbox.node.state import State
from consortium_sandbox.node.suite import Suite

SYSTEM_GAS, DEPLOY_GAS = "21000", "44"
NOT_ENOUGH_CASH, OUT_OF_GAS = 7, 12
PRECOMPILED_ERROR, REVERT, PERMISSION_DENIED, CALL_ADDRESS_ERROR = 15, 16, 18, 19

SYSTEM_CONFIG_ADDRESS = f"{0x1000:040x}"
CONSENSUS_ADDRESS = f"{0x1003:040x}"
CONTRACT_AUTH_ADDRESS = f"{0x1005:040x}"
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
class Rules:
    """By which rules a chain's transactions are executed: its cryptography and the binary's.
    `serial`: one after the other. `executor`: the version that the node executes with."""

    suite: Suite
    release: Release
    serial: bool = True
    executor: int = 0


@dataclass(frozen=True)
class Place:
    """Where in the chain a transaction is executed."""

    rules: Rules
    block_number: int
    index: int = 0


@dataclass(frozen=True)
class Call:
    """`sender` and `to` are 40 hex digits. What is written to the state is dropped on failure."""

    state: State
    place: Place
    sender: str
    to: str
    input: bytes

    @property
    def block_number(self) -> int:
        return self.place.block_number

    @property
    def suite(self) -> Suite:
        return self.place.rules.suite

    def function(self, signatures: tuple[str, ...]) -> str | None:
        """Which of these functions is called."""
        return abi.selectors(signatures, self.suite).get(self.input[:4])

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
