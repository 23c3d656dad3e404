"""`spec.fiscoBcos.onChain`: which settings of the running chain it asks for, and which may be
brought about now.

A node of an older version refuses a block whose chain is newer than it (MAX_VERSION), and stops on
a flag that it does not know; the chain itself checks neither. So what the running nodes report
decides, not the version that the resource asks for.
"""

from collections.abc import Iterator, Mapping

from consortium_operator.api.fisco_bcos import ConsensusType, FiscoBcos
from consortium_operator.api.problem import Problem, shown
from consortium_operator.chain.changes import SettingChange
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.settings import Step, Verdict, WantedSetting
from consortium_operator.engines.fisco_bcos.features import (
    CHARGING,
    RAW_ADDRESS,
    REQUIRED,
    charges,
    stops_the_turns,
)
from consortium_operator.engines.fisco_bcos.genesis import Genesis
from consortium_operator.engines.fisco_bcos.overlay import nearest
from consortium_operator.engines.fisco_bcos.sealed import SealedSettings
from consortium_operator.engines.fisco_bcos.system_keys import ELSEWHERE, SYSTEM_KEYS
from consortium_operator.engines.fisco_bcos.version_number import (
    AUTH_IN_LEDGER,
    LEAST_COMPATIBILITY,
    Version,
)
from consortium_operator.engines.fisco_bcos.versions import VERSIONS, NodeVersion

PATH = "spec.fiscoBcos.onChain"
COMPATIBILITY = "compatibility_version"
EXECUTOR = "executor_version"
ON = "1"

_STOPS = "nodes from 3.16.0 on would stop at the next contract that makes another"
_MOVED = f"with {RAW_ADDRESS} executor 1 looks elsewhere for them"


def problems(spec: FiscoBcos, version: NodeVersion) -> Iterator[Problem]:
    yield from _compatibility(spec, version)
    for index, flag in enumerate(spec.on_chain.features):
        complaint = _feature(spec, version, flag)
        if complaint is not None:
            yield Problem(f"{PATH}.features[{index}]", complaint)
    for key, value in sorted(spec.on_chain.system_config.items()):
        complaint = _system_key(spec, version, key, value) or _full_of_turns(spec, key)
        if complaint is not None:
            yield Problem(f"{PATH}.systemConfig.{shown(key)}", complaint)


def _compatibility(spec: FiscoBcos, version: NodeVersion) -> Iterator[Problem]:
    text, founded = spec.on_chain.compatibility_version, spec.genesis.compatibility_version
    if text is None:
        return
    complaint = version.complaint(text)
    if complaint is None and founded is not None and version.complaint(founded) is None:
        complaint = _from(Version.parse(founded), Version.parse(text), spec)
    if complaint is not None:
        yield Problem(f"{PATH}.compatibilityVersion", complaint)


def _from(founded: Version, wanted: Version, spec: FiscoBcos) -> str | None:
    if wanted < founded:
        return f"must be at least {founded}, with which the chain was founded"
    # From there on the nodes ask the ledger, and from 3.12.0 on they take none for off
    # (TransactionExecutor.cpp, LedgerMethods.cpp).
    if spec.executor.auth_check and founded < AUTH_IN_LEDGER <= wanted:
        return (
            f"must stay below {AUTH_IN_LEDGER} with executor.authCheck: true: a chain founded with "
            f"{founded} does not hold that auth is on, and anybody could change it then"
        )
    return None


def _feature(spec: FiscoBcos, version: NodeVersion, flag: str) -> str | None:
    if flag not in version.features:
        return (
            f"is no feature of {version.tag}; the nearest is {nearest(flag, [*version.features])}"
        )
    required = REQUIRED.get(flag)
    if required and required not in {*spec.on_chain.features, *spec.genesis.features}:
        return f"needs {required} beside it"
    if flag == "feature_rpbft" and spec.consensus.type is not ConsensusType.RPBFT:
        return "is for chains that were founded with consensus.type RPBFT: remove it"
    # It asks the committee for its governors (SystemConfigPrecompiled.cpp).
    if flag == "feature_balance_precompiled" and spec.executor.wasm:
        return "is refused by a chain with executor.wasm: true: remove it"
    return stops_the_turns(flag, spec)


def _system_key(spec: FiscoBcos, version: NodeVersion, name: str, value: str) -> str | None:
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    if name in version.features:
        return "is a feature: list it in onChain.features"
    key = SYSTEM_KEYS.get(name)
    if key is None:
        return f"is no setting of the chain; the nearest is {nearest(name, [*SYSTEM_KEYS])}"
    if not key.is_known_to(version.version):
        return f"is not known to {version.tag}: the node has it from {key.since} on"
    if key.only_rpbft and spec.consensus.type is not ConsensusType.RPBFT:
        return "is for consensus.type RPBFT: remove it"
    if name == EXECUTOR and value == "1" and spec.executor.wasm:
        return "must be 0 with executor.wasm: true: executor 1 runs no WebAssembly"
    return key.kind.complaint(value)


def _full_of_turns(spec: FiscoBcos, name: str) -> str | None:
    """As at the founding (problems.py): the turns of RPBFT's sealers take a place in the block."""
    founded = {
        "tx_count_limit": spec.consensus.block_tx_count_limit,
        "feature_rpbft_epoch_block_num": spec.consensus.epoch_block_num,
    }
    wanted = {key: spec.on_chain.system_config.get(key, str(founded[key])) for key in founded}
    if spec.consensus.type is not ConsensusType.RPBFT or name not in wanted:
        return None
    if set(wanted.values()) != {"1"}:
        return None
    return (
        "must not be 1 where the other of tx_count_limit and feature_rpbft_epoch_block_num is 1: "
        "the transaction by which sealers take turns would fill every block"
    )


def wanted_settings(spec: FiscoBcos) -> tuple[WantedSetting, ...]:
    """In the order in which they are brought about: a flag after the one that it needs."""
    found = []
    if spec.on_chain.compatibility_version is not None:
        change = SettingChange(COMPATIBILITY, spec.on_chain.compatibility_version)
        field = f"{PATH}.compatibilityVersion"
        found.append(WantedSetting(change, field, backup_first=True, can_go_back=False))
    for flag in sorted(spec.on_chain.features, key=_needs):
        change = SettingChange(flag, ON)
        field, judged_by = f"{PATH}.features", _judged_by(flag)
        found.append(WantedSetting(change, field, can_go_back=False, judged_by=judged_by))
    for key, value in sorted(spec.on_chain.system_config.items()):
        change = SettingChange(key, value)
        found.append(WantedSetting(change, f"{PATH}.systemConfig", judged_by=_judged_by(key)))
    return tuple(found)


def _judged_by(key: str) -> tuple[str, ...]:
    one_another = (EXECUTOR, RAW_ADDRESS, *CHARGING)
    return (
        *(() if _least_of(key) is None else (COMPATIBILITY,)),
        *(one for one in one_another if key in one_another and one != key),
    )


def _needs(flag: str) -> tuple[int, str]:
    """How many flags come before it."""
    before, needed = 0, REQUIRED.get(flag)
    while needed is not None:
        before, needed = before + 1, REQUIRED.get(needed)
    return before, flag


def judge_setting(
    setting: WantedSetting,
    values: Mapping[str, str],
    versions: Mapping[str, str],
    seal: Seal,
) -> Verdict:
    """`values`: as the chain has it, and what it is judged by. `versions`: by node, as all running
    nodes report them."""
    key, value = setting.change.key, setting.change.value
    now = values.get(key)
    if key == COMPATIBILITY:
        return _judge_compatibility(value, now, versions)
    if now == value:
        return Verdict(Step.NONE)
    for node, tag in sorted(versions.items()):
        row = VERSIONS.get(tag)
        if row is None or not _is_known_to(row, key):
            return Verdict(
                Step.WAIT, f"node {node} runs {tag or 'an unknown version'}, which does not know it"
            )
    sealed = SealedSettings.of(seal)
    lost = _what_is_lost(setting.change, values, sealed) or _unpaid(setting.change, values, seal)
    if lost is not None:
        return Verdict(Step.WAIT, lost)
    least = _least_of(key)
    if least is None:
        return Verdict(Step.SEND)
    return _judge_by_compatibility(least, values.get(COMPATIBILITY))


def _what_is_lost(
    change: SettingChange, values: Mapping[str, str], sealed: SealedSettings
) -> str | None:
    """Where a contract is looked for afterwards, and is not; or what all nodes would agree on."""
    current = values.get(EXECUTOR, sealed.executor_version)
    if change.key == EXECUTOR and change.value != current:
        return _change_of_executor(change.value, values, sealed)
    if change.key != RAW_ADDRESS:
        return None
    # Executor 1 then names an account's table by the bytes of its address (EVMAccount.h), executor
    # 0 always by their digits; but it looks for a contract's nonce by the bytes, and there is none.
    return _lost(_MOVED) if current != "0" else f"{_STOPS}; remove the setting"


def _change_of_executor(to: str, values: Mapping[str, str], sealed: SealedSettings) -> str | None:
    if to == "0":
        # A running node takes 1 from the chain and never 0, a starting one takes either
        # (LedgerStorage.cpp, DownloadingQueue.cpp, Initializer.cpp).
        return (
            "the nodes would go on with executor 1, and each that restarts would execute otherwise "
            "than the rest: remove the setting"
        )
    # Executor 1 reads and writes each key alone (BaselineSchedulerInitializer.cpp), executor 0
    # whole pages, where a page has a size: neither finds what the other has written.
    if sealed.key_page_size != "0":
        size = f"{sealed.key_page_size} bytes (ledger.keyPageSize)"
        return _lost(f"the chain keeps its state in pages of {size}, unknown to executor 1")
    return _lost(_MOVED) if values.get(RAW_ADDRESS) == ON else None


def _lost(why: str) -> str:
    return f"every contract would be lost, the committee's too: {why}; remove the setting"


def _unpaid(change: SettingChange, values: Mapping[str, str], seal: Seal) -> str | None:
    after = {EXECUTOR: SealedSettings.of(seal).executor_version, **values, change.key: change.value}
    on = {flag for flag in CHARGING if after.get(flag) == ON}
    serial = Genesis.read(seal.text).is_serial_execute
    if change.key not in CHARGING or not charges(on, after[EXECUTOR], serial=serial):
        return None
    return (
        "then whose account has no balance changes nothing any more, this setting included: remove "
        "it; a governor who has seen to that sets it with a tool of their own"
    )


def _least_of(key: str) -> Version | None:
    """The version that a chain needs for a setting; None: any has it."""
    known = SYSTEM_KEYS.get(key)
    if known is None or known.compatibility == LEAST_COMPATIBILITY:
        return None
    return known.compatibility


def _judge_by_compatibility(least: Version, now: str | None) -> Verdict:
    """The program of the nodes knows the setting; the chain takes it from `least` on."""
    try:
        current = Version.parse(now or "")
    except ValueError:
        return Verdict(Step.WAIT, f"the chain says {now!r}, which is no version")
    if current >= least:
        return Verdict(Step.SEND)
    why = f"the chain is at {current}, and takes it from compatibility version {least} on: set"
    return Verdict(Step.WAIT, f"{why} {PATH}.compatibilityVersion beside it")


def _judge_compatibility(value: str, now: str | None, versions: Mapping[str, str]) -> Verdict:
    try:
        wanted, current = Version.parse(value), Version.parse(now or "")
    except ValueError:
        return Verdict(Step.WAIT, f"the chain says {now!r}, which is no version")
    if wanted == current:
        return Verdict(Step.NONE)
    if wanted < current:
        return Verdict(Step.REFUSE_LOWER, f"the chain is at {current}, and there is no way back")
    for node, tag in sorted(versions.items()):
        row = VERSIONS.get(tag)
        if row is None:
            return Verdict(Step.WAIT, f"node {node} runs {tag or 'an unknown version'}")
        if row.max_compatibility < wanted:
            return Verdict(
                Step.WAIT,
                f"node {node} runs {tag}, which knows none newer than {row.max_compatibility}",
            )
    return Verdict(Step.SEND)


def _is_known_to(row: NodeVersion, key: str) -> bool:
    if key in SYSTEM_KEYS:
        return SYSTEM_KEYS[key].is_known_to(row.version)
    return key in row.features
