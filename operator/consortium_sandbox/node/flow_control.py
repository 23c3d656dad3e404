"""[flow_control] and [redis] (GatewayConfig.cpp, initFlowControlConfig): what of it stops a node.

Nothing is slowed down here, so the values are only checked, in the node's order and words.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterator

from consortium_sandbox.node.failure import StartFailed, invalid_parameter
from consortium_sandbox.node.ini import Tree

_SECTION = "flow_control"
_LOAD = "load flow_control config items, "
_MODULES = ("raft", "pbft", "amop", "block_sync", "txs_sync", "light_node", "cons_txs_sync")
_MODULE_COUNT = 65535


def check_flow_control(tree: Tree) -> None:
    """Raises StartFailed."""
    _check_least(tree, "time_window_sec", 1, 0)
    _check_least(tree, "distributed_ratelimit_cache_percent", 20, 0)
    _check_least(tree, "stat_reporter_interval", 60000, 0)
    _check_unlimited_modules(tree.text(f"{_SECTION}.modules_without_bw_limit", ""))
    total, connection, group = (
        _bandwidth(tree, f"{whose}_outgoing_bw_limit") for whose in ("total", "conn", "group")
    )
    _check_single_bandwidths(tree)
    _check_incoming(tree)
    for name, limit in (("conn", connection), ("group", group)):
        if 0 < total < limit:
            raise invalid_parameter(
                f"flow_control.{name}_outgoing_bw_limit should not greater "
                "than flow_control.total_outgoing_bw_limit"
            )
    if tree.boolean(f"{_SECTION}.enable_distributed_ratelimit", False):
        _check_redis(tree)


def _check_least(tree: Tree, key: str, default: int, least: int, shown: str = "") -> None:
    value = tree.integer(f"{_SECTION}.{key}", default)
    if value < least:
        raise invalid_parameter(
            f"The value of {shown}{key} must no less than {least} current is{value}"
        )


def _check_unlimited_modules(text: str) -> None:
    for module in (part.strip().lower() for part in text.split(",")):
        if module.isdecimal():
            _lexical_integer(module, 0, _MODULE_COUNT)
        elif module and module not in _MODULES:
            raise invalid_parameter(
                f"{_LOAD}unrecognized module: {module} ,list of available modules: "
                "raft,pbft,amop,block_sync,txs_sync,light_node"
            )


def _bandwidth(tree: Tree, key: str) -> int:
    """Bytes in a second; -1 where it is not limited."""
    text = tree.text(f"{_SECTION}.{key}", "")
    return _bytes(text) if text else -1


def _check_single_bandwidths(tree: Tree) -> None:
    for address, value in _named(tree, "conn_outgoing_bw_limit_"):
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise invalid_parameter(
                f"{_LOAD}flow_control.ip_outgoing_bw_x.x.x.x config, invalid ip format, "
                f"ip: {address}"
            ) from None
        _bytes(value)
    for _, value in _named(tree, "group_outgoing_bw_limit_"):
        _bytes(value)


def _check_incoming(tree: Tree) -> None:
    types = tree.text(f"{_SECTION}.incoming_p2p_basic_msg_type_list", "")
    for part in types.split(","):
        if part.strip() and not re.match(r"[+-]?[0-9]", part.strip()):
            raise StartFailed("stoi", kind="std::invalid_argument")
    for what in ("p2p_basic_msg_type", "module_msg_type"):
        _check_least(tree, f"incoming_{what}_qps_limit", -1, -1, f"{_SECTION}.")
    for module, value in _named(tree, "incoming_module_qps_limit_"):
        number = _lexical_integer(module, -(2**31), 2**31 - 1)
        if _lexical_integer(value, -(2**31), 2**31 - 1) <= 0:
            raise invalid_parameter("flow_control.key should greater than 0")
        if not 0 <= number < _MODULE_COUNT:
            raise StartFailed(
                f"array::at: __n (which is {number % 2**64}) >= _Nm (which is {_MODULE_COUNT})",
                kind="std::out_of_range",
            )


def _check_redis(tree: Tree) -> None:
    address = tree.text("redis.server_ip", "")
    if not address:
        raise invalid_parameter("initRedisConfig: invalid redis.server_ip! Must be non-empty!")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise invalid_parameter(
            "initRedisConfig: invalid redis.server_ip! Invalid ip format!"
        ) from None
    if tree.unsigned("redis.server_port", 0, bits=16) <= 1024:
        raise invalid_parameter(
            "initRedisConfig: invalid redis.server_port! redis port must be in range (1024,65535]!"
        )


def _named(tree: Tree, beginning: str) -> Iterator[tuple[str, str]]:
    """What follows `beginning` in a key, and the value."""
    for key, value in tree.section(_SECTION).items():
        if key.startswith(beginning):
            yield key.removeprefix(beginning), value


def _bytes(text: str) -> int:
    """Of Mb/s; a value that is too small is 0, which limits nothing."""
    try:
        number = float(text)
    except ValueError:
        raise _bad_lexical_cast() from None
    if text != text.strip() or "_" in text:
        raise _bad_lexical_cast()
    return int(number * (1024 * 1024 // 8)) if math.isfinite(number) else 0


def _lexical_integer(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not least <= int(text) <= most:
        raise _bad_lexical_cast()
    return int(text)


def _bad_lexical_cast() -> StartFailed:
    return StartFailed(
        "bad lexical cast: source type value could not be interpreted as target",
        kind="boost::bad_lexical_cast",
    )
