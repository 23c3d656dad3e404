"""The calls of the system contracts: directly, or as proposals to the committee."""

from dataclasses import dataclass
from typing import TypeVar

from consortium_operator.engines.fisco_bcos import abi
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite

_T = TypeVar("_T")

# Without 0x: else the node does not see that a system contract is called (PrecompiledTypeDef.h).
SYSTEM_CONFIG = f"{0x1000:040x}"
CONSENSUS = f"{0x1003:040x}"
COMMITTEE = f"{0x10001:040x}"


OPEN_FOR_BLOCKS = 10_000
"""A proposal ends by the number of blocks: a busy chain makes a few in a second."""

PROPOSE_NODE = "createSetConsensusWeightProposal(string,uint32,bool,uint256)"
PROPOSE_REMOVAL = "createRmNodeProposal(string,uint256)"
PROPOSE_VALUE = "createSetSysConfigProposal(string,string,uint256)"
PROPOSE_GOVERNOR = "createUpdateGovernorProposal(address,uint32,uint256)"
PROPOSE_RATES = "createSetRateProposal(uint8,uint8,uint256)"


class UnknownAnswer(ValueError):
    """A contract gave back what it should not be able to."""


def typed(value: abi.Value, kind: type[_T]) -> _T:
    """A decoded value as what it must be. Raises UnknownAnswer."""
    if not isinstance(value, kind):
        raise UnknownAnswer(f"a contract gives back a {type(value).__name__}")
    return value


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A function of a system contract, with its arguments. `returns`: the types of its result."""

    to: str
    function: str
    arguments: tuple[abi.Value, ...] = ()
    returns: tuple[str, ...] = ("int256",)

    def encode(self, suite: CryptoSuite) -> bytes:
        """A transaction's input. Raises AbiError for an argument that its type cannot hold."""
        types = abi.parameters(self.function)
        return suite.selector(self.function) + abi.encode(types, self.arguments)

    def in_words(self) -> str:
        """For a person who sends it with a tool of their own."""
        arguments = ", ".join(
            str(one).lower() if isinstance(one, bool) else str(one) for one in self.arguments
        )
        return f"{self.function} with {arguments} to 0x{self.to}"

    def decode(self, output: bytes) -> tuple[abi.Value, ...]:
        """The result. Raises UnknownAnswer."""
        try:
            return abi.decode(self.returns, output)
        except abi.AbiError as error:
            raise UnknownAnswer(f"{self.function} gives back something else: {error}") from error


# --- direct calls, with auth off -----------------------------------------------------------------


def add_observer(node_id: str) -> ContractCall:
    """Also demotes a sealer."""
    return ContractCall(CONSENSUS, "addObserver(string)", (node_id,))


def add_sealer(node_id: str, weight: int) -> ContractCall:
    """From an observer; of a sealer it sets the weight."""
    return ContractCall(CONSENSUS, "addSealer(string,uint256)", (node_id, weight))


def set_weight(node_id: str, weight: int) -> ContractCall:
    """Of a sealer."""
    return ContractCall(CONSENSUS, "setWeight(string,uint256)", (node_id, weight))


def remove_node(node_id: str) -> ContractCall:
    return ContractCall(CONSENSUS, "remove(string)", (node_id,))


def set_value(key: str, value: str) -> ContractCall:
    """A setting of the system: also the compatibility version and feature flags."""
    return ContractCall(SYSTEM_CONFIG, "setValueByKey(string,string)", (key, value))


# --- proposals, with auth on ---------------------------------------------------------------------


def _proposal(function: str, *arguments: abi.Value) -> ContractCall:
    return ContractCall(COMMITTEE, function, arguments, ("uint256",))


def propose_observer(node_id: str, blocks: int) -> ContractCall:
    """`blocks`: after how many more blocks the proposal is outdated; so for all proposals."""
    return _propose_node(node_id, 0, blocks, adds=True)


def propose_sealer(node_id: str, weight: int, blocks: int) -> ContractCall:
    return _propose_node(node_id, weight, blocks, adds=True)


def propose_weight(node_id: str, weight: int, blocks: int) -> ContractCall:
    return _propose_node(node_id, weight, blocks, adds=False)


def _propose_node(node_id: str, weight: int, blocks: int, *, adds: bool) -> ContractCall:
    return _proposal(PROPOSE_NODE, node_id, weight, adds, blocks)


def propose_removal(node_id: str, blocks: int) -> ContractCall:
    return _proposal(PROPOSE_REMOVAL, node_id, blocks)


def propose_value(key: str, value: str, blocks: int) -> ContractCall:
    return _proposal(PROPOSE_VALUE, key, value, blocks)


def propose_governor(address: str, weight: int, blocks: int) -> ContractCall:
    """Weight 0 removes a governor, and no governor removes itself."""
    return _proposal(PROPOSE_GOVERNOR, address, weight, blocks)


def propose_rates(participation: int, win: int, blocks: int) -> ContractCall:
    """Percentages: how much of the weight must vote, and how much of that must agree. With 0 and 0
    any single vote decides, "no" included."""
    return _proposal(PROPOSE_RATES, participation, win, blocks)


def vote(number: int, *, agree: bool) -> ContractCall:
    """The proposer has voted already."""
    return ContractCall(COMMITTEE, "voteProposal(uint256,bool)", (number, agree), ())


def revoke(number: int) -> ContractCall:
    return ContractCall(COMMITTEE, "revokeProposal(uint256)", (number,), ())
