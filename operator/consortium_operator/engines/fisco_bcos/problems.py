"""What the engine refuses of a resource whose schema and rules are satisfied.

All of it would otherwise be refused, or silently misread, by every node at its start.
"""

from collections.abc import Iterator

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.api.conditions import Reason
from consortium_operator.api.fisco_bcos import ConsensusType, Cryptography, FiscoBcos
from consortium_operator.api.problem import Problem
from consortium_operator.engines.fisco_bcos import (
    access,
    committee_gas,
    governors,
    on_chain,
    overlay,
)
from consortium_operator.engines.fisco_bcos.features import (
    PAID,
    REQUIRED,
    charges,
    halves_the_committee,
    stops_at_nonces,
    stops_the_turns,
)
from consortium_operator.engines.fisco_bcos.sealed import resolve
from consortium_operator.engines.fisco_bcos.suites import sm2_keys
from consortium_operator.engines.fisco_bcos.version_number import (
    AUTH_IN_LEDGER,
    CHECKS_NONCES,
    EPOCHS_IN_BLOCK0,
    EXECUTOR_VERSIONS,
    SEPARATE_BLOCK_STATE,
    WEB3,
    Version,
)
from consortium_operator.engines.fisco_bcos.versions import VERSIONS, NodeVersion

_GENESIS = "spec.fiscoBcos.genesis"
# Smaller pages are no pages; build_chain.sh names this bound, no node checks it.
_LEAST_PAGE = 4096
# For so many blocks RPBFT's leader makes the transaction that changes the working sealers
# (VRFBasedSealer.cpp, DEFAULT_BLOCK_LIMIT). Its own pool must take it.
_ROTATION_BLOCKS = 600


def problems(chain: ConsortiumChain) -> tuple[Problem, ...]:
    """Everything at once; with an unknown version only that, since all else depends on it."""
    version = VERSIONS.get(chain.spec.version)
    if version is None:
        return (_unknown_version(),)
    spec = chain.spec.fisco_bcos
    return (
        *_cryptography(spec),
        *_compatibility(spec, version),
        *_turns(spec),
        *_features(spec, version),
        *_executor(spec),
        *_not_in(spec, version),
        *_ledger(spec),
        *access.problems(spec),
        *overlay.problems(chain.spec, version),
        *on_chain.problems(spec, version),
        *governors.problems(chain.spec),
        *committee_gas.problems(spec),
    )


def _unknown_version() -> Problem:
    known = ", ".join(sorted(VERSIONS, key=lambda tag: VERSIONS[tag].version))
    return Problem("spec.version", f"must be one of {known}", Reason.UNKNOWN_VERSION)


def _cryptography(spec: FiscoBcos) -> Iterator[Problem]:
    if spec.cryptography is Cryptography.SM and not sm2_keys.is_available():
        yield Problem(
            "spec.fiscoBcos.cryptography",
            "SM needs the package tongsuopy, which is not installed or not built for this kind of "
            "machine: run the operator on x86_64",
        )


def _compatibility(spec: FiscoBcos, version: NodeVersion) -> Iterator[Problem]:
    path = f"{_GENESIS}.compatibilityVersion"
    text = spec.genesis.compatibility_version or str(version.max_compatibility)
    complaint = version.complaint(text)
    if complaint is not None:
        yield Problem(path, complaint)
    else:
        yield from _needs_newer(spec, version, Version.parse(text))


def _needs_newer(spec: FiscoBcos, version: NodeVersion, wanted: Version) -> Iterator[Problem]:
    # Executor 1 asks the ledger alone (LedgerMethods.cpp, getLedgerConfig), and takes none for off.
    executor = resolve(spec, version).executor_version
    if spec.executor.auth_check and executor != "0" and wanted < AUTH_IN_LEDGER:
        yield Problem(
            f"{_GENESIS}.compatibilityVersion",
            f"must be at least {AUTH_IN_LEDGER} with executor.authCheck: true, or executor.version "
            "0: an older chain does not hold that auth is on, and executor 1 would let anybody "
            "change it",
        )
    if spec.consensus.type is ConsensusType.RPBFT and wanted < EPOCHS_IN_BLOCK0:
        yield Problem(
            "spec.fiscoBcos.consensus.type",
            f"RPBFT needs genesis.compatibilityVersion {EPOCHS_IN_BLOCK0} or newer",
        )
    if spec.genesis.web3_chain_id is not None and wanted < WEB3:
        yield Problem(
            f"{_GENESIS}.web3ChainId",
            f"has no effect below compatibilityVersion {WEB3}: remove it",
        )


def _turns(spec: FiscoBcos) -> Iterator[Problem]:
    if spec.consensus.type is not ConsensusType.RPBFT:
        return
    if spec.genesis.block_limit < _ROTATION_BLOCKS:
        yield Problem(
            f"{_GENESIS}.blockLimit",
            f"must be at least {_ROTATION_BLOCKS} with consensus.type RPBFT: else the nodes refuse "
            "the transaction by which sealers take turns, and the chain stops at the first turn",
        )
    # The turn takes a place in the block (SealingManager.cpp, generateProposal).
    if spec.consensus.epoch_block_num == spec.consensus.block_tx_count_limit == 1:
        yield Problem(
            "spec.fiscoBcos.consensus.blockTxCountLimit",
            "must be at least 2 with epochBlockNum: 1: else the transaction by which sealers take "
            "turns fills every block, and no other is ever in one",
        )


def _features(spec: FiscoBcos, version: NodeVersion) -> Iterator[Problem]:
    for index, flag in enumerate(spec.genesis.features):
        complaint = _feature(spec, version, flag)
        if complaint is not None:
            yield Problem(f"{_GENESIS}.features[{index}]", complaint)


def _feature(spec: FiscoBcos, version: NodeVersion, flag: str) -> str | None:
    if flag not in version.features:
        nearest = overlay.nearest(flag, list(version.features))
        return f"is no feature of {version.tag}; the nearest is {nearest}"
    required = REQUIRED.get(flag)
    if required is not None and required not in spec.genesis.features:
        return f"needs {required} beside it"
    # On its own it makes an RPBFT chain without epochs (LedgerMethods.cpp, getLedgerConfig).
    if flag == "feature_rpbft" and spec.consensus.type is not ConsensusType.RPBFT:
        return "is for consensus.type RPBFT, which switches it on itself: set that"
    executor, serial = resolve(spec, version).executor_version, spec.executor.serial
    if flag == PAID and charges(spec.genesis.features, executor, serial=serial):
        return (
            "would let no transaction pass with executor.version 0, not even the committee's: each "
            "must be paid for, and no account has a balance at the founding"
        )
    if executor == "0" and not spec.executor.wasm:
        return _with_executor_0(spec, version, flag) or stops_the_turns(flag, spec)
    return stops_the_turns(flag, spec)


def _with_executor_0(spec: FiscoBcos, version: NodeVersion, flag: str) -> str | None:
    """Of what block 0 makes with the committee."""
    on, serial = spec.genesis.features, spec.executor.serial
    text = spec.genesis.compatibility_version or str(version.max_compatibility)
    if version.complaint(text) is not None:
        return None
    compatibility = Version.parse(text)
    if version.version >= CHECKS_NONCES and stops_at_nonces(flag, on, compatibility):
        return (
            "does not go with executor.version 0: a node stops where one contract makes another, "
            "as the committee does in block 0"
        )
    if spec.executor.auth_check and halves_the_committee(flag, on, compatibility, serial=serial):
        return (
            "does not go with executor.version 0 and authCheck: true: both contracts of the "
            "committee get one address, and nobody ever governs the chain"
        )
    return None


def _executor(spec: FiscoBcos) -> Iterator[Problem]:
    if spec.executor.wasm and spec.executor.version:
        yield Problem(
            "spec.fiscoBcos.executor.version",
            "must be 0 with wasm: true: executor 1 runs no WebAssembly",
        )


def _not_in(spec: FiscoBcos, version: NodeVersion) -> Iterator[Problem]:
    """What is asked for and came with a newer tag. An older node would ignore it."""
    wanted = (
        ("executor.version", bool(spec.executor.version), EXECUTOR_VERSIONS),
        ("ledger.separateBlockState", spec.ledger.separate_block_state, SEPARATE_BLOCK_STATE),
        ("web3Rpc.enabled", spec.web3_rpc.enabled, WEB3),
    )
    for field, is_wanted, since in wanted:
        if is_wanted and version.version < since:
            yield Problem(
                f"spec.fiscoBcos.{field}",
                f"needs spec.version {since} or newer: {version.tag} does not know it",
            )


def _ledger(spec: FiscoBcos) -> Iterator[Problem]:
    size = spec.ledger.key_page_size
    if size is not None and 0 < size < _LEAST_PAGE:
        yield Problem(
            "spec.fiscoBcos.ledger.keyPageSize", f"must be 0 or at least {_LEAST_PAGE} bytes"
        )
