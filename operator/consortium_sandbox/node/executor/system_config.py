"""The system configuration contract, 0x…1000 (SystemConfigPrecompiled.cpp)."""

from __future__ import annotations

import re

from consortium_sandbox.node import abi, versions
from consortium_sandbox.node.executor.calls import Call, Result, code, precompiled_error
from consortium_sandbox.node.executor.consensus_contract import NO_AUTHORITY, OK
from consortium_sandbox.node.releases import Release
from consortium_sandbox.node.state import State

SET = "setValueByKey(string,string)"
GET = "getValueByKey(string)"

# Key → (least value, data version that brought it).
_NUMBERS = {
    "tx_gas_limit": (100_000, versions.V3_0),
    "consensus_leader_period": (1, versions.V3_0),
    "tx_count_limit": (1, versions.V3_0),
    "auth_check_status": (0, versions.V3_3),
    "feature_rpbft_epoch_block_num": (1, versions.V3_5),
    "feature_rpbft_epoch_sealer_num": (1, versions.V3_5),
    "balance_transfer": (0, 0x030A0200),
    "executor_version": (0, versions.V3_15),
}
# Of these a binary knows only what its SystemConfigs.h lists; the others are older than that list.
_LATER = ("web3_chain_id", "balance_transfer", "executor_version")
# A flag that needs another one first (Features.h, validate).
_NEEDS = {
    "feature_balance_precompiled": "feature_balance",
    "feature_balance_policy1": "feature_balance_precompiled",
}


def contract(call: Call) -> Result:
    """A change holds from the next block."""
    signature = call.function((GET, SET))
    if signature is None:
        raise precompiled_error("SystemConfigPrecompiled call undefined function!")
    if signature == GET:
        (key,) = call.arguments(GET)
        found = call.state.setting(str(key).lower())
        value, since = (found.value, found.since) if found else ("", -1)
        return Result(abi.encode(["string", "int256"], [value, since]))
    if not call.may_govern:
        return code(NO_AUTHORITY)
    key, value = (str(argument) for argument in call.arguments(SET))
    key = key.lower()
    release = call.place.rules.release
    before = call.state.compatibility()
    _check(call.state, release, key, value)
    call.state.set_setting(key, value, call.block_number + 1)
    if key == "compatibility_version":
        _raise(call.state, release, before, versions.to_number(value))
    return code(OK)


def _raise(state: State, release: Release, before: int, after: int) -> None:
    for flag in release.upgrade_flags(before, after):
        if state.setting(flag) is None:
            state.set_setting(flag, "1", 0)
    # LedgerMethods.cpp: what the ledger does not hold is off.
    if before < versions.V3_3 <= after and release.has("3.12.0"):
        state.put("auth-by-file", "0")


def _check(state: State, release: Release, key: str, value: str) -> None:
    special = {
        "compatibility_version": _check_compatibility,
        "tx_gas_price": _check_gas_price,
        "web3_chain_id": _check_web3_chain_id,
    }
    known = key in special or key in _NUMBERS
    if (not known or (key in _LATER and key not in release.configs)) and key not in release.flags:
        raise precompiled_error(f"unsupported key {key}")
    if not value:
        raise precompiled_error(f"The value for {key} must be non-empty.")
    if key in special:
        special[key](state, value)
    elif key in release.flags:
        _check_feature(state, key, value)
    else:
        _check_number(state, key, value)


def _check_number(state: State, key: str, value: str) -> None:
    least, since = _NUMBERS[key]
    if not re.fullmatch(r"[+-]?[0-9]+", value) or not -(2**63) <= int(value) < 2**63:
        raise precompiled_error(f"The value for {key} must be a valid number.")
    if state.compatibility() < since:
        raise precompiled_error(f"unsupported key {key}")
    if int(value) < least:
        raise precompiled_error(
            f"Invalid value {int(value)} ,the value for {key} must be no less than {least}"
        )
    if key == "auth_check_status" and int(value) > 255:
        raise precompiled_error("Invalid status value, must less than 255")


def _check_feature(state: State, key: str, value: str) -> None:
    if value != "1":
        # The node first throws "… must be 1." and then catches it itself.
        raise precompiled_error(f"The value for {key} must be a valid number.")
    needed = _NEEDS.get(key)
    if needed and not state.has_feature(needed):
        raise precompiled_error(f"must set {needed} first")


def _check_compatibility(state: State, value: str) -> None:
    """No upper bound: a version above the binaries is accepted."""
    try:
        number = versions.to_number(value)
    except versions.BadVersion:
        raise precompiled_error(
            "Invalid value for compatibility_version. The version must be in format of "
            "major_version.middle_version.minimum_version, and the minimum version is optional. "
            "The major version must between 3 to 255"
        ) from None
    if number < state.compatibility():
        # Thrown inside the check, caught there, and thrown again with the general text.
        raise precompiled_error("The value for compatibility_version must be a valid number.")


def _check_gas_price(state: State, value: str) -> None:
    if state.compatibility() < versions.V3_6 or not re.fullmatch(r"0x[0-9a-fA-F]+", value):
        raise precompiled_error("The value for tx_gas_price must be a valid number.")


def _check_web3_chain_id(state: State, value: str) -> None:
    if state.compatibility() < versions.V3_9:
        raise precompiled_error("unsupported key web3_chain_id")
    if not re.fullmatch(r"[0-9]+", value) or int(value) > 0xFFFFFFFF:
        raise precompiled_error("The value for web3_chain_id must be a valid number.")
