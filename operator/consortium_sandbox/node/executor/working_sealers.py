"""RPBFT: which of the sealers work, and how one of them takes turns (WorkingSealerManagerImpl.cpp).

Where a block is due for it, its leader puts a transaction of its own first that swaps working
sealers and candidates. Whom it picks follows from a proof that the leader cannot choose. The real
proof is a VRF; here it is the leader's signature over the block number, which is deterministic
too. Picking by term weights (feature_rpbft_term_weight) is not modelled.
"""

from __future__ import annotations

from consortium_sandbox.node import abi
from consortium_sandbox.node.executor.calls import (
    CONSENSUS_ADDRESS,
    Call,
    Result,
    code,
    precompiled_error,
)
from consortium_sandbox.node.state import CANDIDATE, SEALER, Member, State
from consortium_sandbox.node.suite import KeyPair, Suite
from consortium_sandbox.node.transaction import TransactionData

ROTATE = "rotateWorkingSealer(std::string,std::string,std::string)"
_TYPES = ("bytes", "bytes", "bytes")
_EPOCH_SEALERS = 4
# Of a rotation, whatever chain.block_limit is: a chain that allows less stops where one is due.
VALID_FOR_BLOCKS = 600


def is_on(call: Call) -> bool:
    return call.state.has_feature("feature_rpbft", call.block_number)


def is_due(state: State, number: int) -> bool:
    """Whether block `number` must begin with a rotation."""
    if not state.has_feature("feature_rpbft", number):
        return False
    if any(_begins(state, key, number) for key in ("feature_rpbft", _key("sealer"))):
        return True
    working, candidates = _lists(state, number)
    notified = state.setting("feature_rpbft_notify_rotate")
    if notified and notified.value == "1" and notified.since <= number:
        return True
    if len(working) < min(_epoch_sealers(state), len(working) + len(candidates)):
        return True
    blocks = state.setting(_key("block"))
    return blocks is not None and (number - blocks.since) % int(blocks.value) == 0


def rotation(key: KeyPair, suite: Suite, number: int) -> bytes:
    """The input of the leader's transaction."""
    given = number.to_bytes(8, "big")
    proof = key.sign(suite.hash(given))
    return abi.selector(ROTATE, suite) + abi.encode(
        _TYPES, [bytes.fromhex(key.node_id), given, proof]
    )


def is_rotation(data: TransactionData, suite: Suite) -> bool:
    return data.to == CONSENSUS_ADDRESS and data.input[:4] == abi.selector(ROTATE, suite)


def rotate(call: Call) -> Result:
    """Carry a rotation out; where none is due, or the lists change anyway, nothing happens."""
    members = call.state.members()
    if any(member.since == call.block_number + 1 for member in members):
        return code(0)
    if not is_due(call.state, call.block_number):
        return code(0)
    working, candidates = _lists(call.state, call.block_number)
    seed = _checked_seed(call, working or candidates)
    inserted, removed = _counts(len(working), len(candidates), _epoch_sealers(call.state))
    out = set(_select(call.suite, [m.node_id for m in working], removed, seed))
    come = set(_select(call.suite, [m.node_id for m in candidates], inserted, seed))
    call.state.set_members([_after(call, member, out, come) for member in members])
    return code(0)


def _after(call: Call, member: Member, out: set[str], come: set[str]) -> Member:
    if member.node_id not in out | come:
        return member
    kind = CANDIDATE if member.node_id in out else SEALER
    return Member(member.node_id, kind, member.weight, member.term_weight, call.block_number + 1)


def _checked_seed(call: Call, allowed: list[Member]) -> int:
    try:
        public_key, given, proof = abi.decode(_TYPES, call.input[4:])
    except abi.AbiError:
        raise precompiled_error("RotateWorkingSealer exception occurred.") from None
    assert isinstance(public_key, bytes)
    assert isinstance(given, bytes)
    assert isinstance(proof, bytes)
    addresses = {call.suite.address(member.node_id).hex() for member in allowed}
    if call.sender not in addresses:
        raise precompiled_error("ConsensusPrecompiled call undefined function!")
    if given != call.block_number.to_bytes(8, "big"):
        raise precompiled_error("Invalid VRFInput, must be the parentHash!")
    if call.suite.signer(call.suite.hash(given), proof) != public_key.hex():
        raise precompiled_error("Verify VRF proof failed!")
    return int.from_bytes(call.suite.hash(proof), "big")


def _counts(working: int, candidates: int, epoch_sealers: int) -> tuple[int, int]:
    """How many come and how many go: towards the wanted number, else one for one."""
    wanted = min(epoch_sealers, working + candidates)
    if working != wanted:
        return max(0, wanted - working), max(0, working - wanted)
    return (1, 1) if candidates else (0, 0)


def _select(suite: Suite, node_ids: list[str], count: int, seed: int) -> list[str]:
    """The first ones of a shuffle that only the seed decides."""
    ids = sorted(node_ids)
    for last in range(len(ids) - 1, 0, -1):
        chosen = seed % (last + 1)
        ids[last], ids[chosen] = ids[chosen], ids[last]
        seed = int.from_bytes(suite.hash(str(chosen).encode()), "big")
    return ids[:count]


def _lists(state: State, number: int) -> tuple[list[Member], list[Member]]:
    """Working sealers and candidates that count in block `number`."""
    known = [member for member in state.members() if member.since <= number]
    return (
        [member for member in known if member.kind == SEALER],
        [member for member in known if member.kind == CANDIDATE],
    )


def _epoch_sealers(state: State) -> int:
    found = state.setting(_key("sealer"))
    return int(found.value) if found else _EPOCH_SEALERS


def _begins(state: State, key: str, number: int) -> bool:
    """Whether a setting holds from exactly this block on."""
    found = state.setting(key)
    return found is not None and found.since == number and number > 0


def _key(what: str) -> str:
    return f"feature_rpbft_epoch_{what}_num"
