"""The overlay of the resource (spec.fiscoBcos.config), checked key by key.

A node reads a bad value as its default without a word, ignores a misspelt key, and starts with
settings that break the chain: so nothing reaches config.ini that is not in the table of keys, of
the right type, in range and the user's to set.
"""

import difflib
from collections.abc import Iterator, Mapping

from consortium_operator.api.chain import ConsortiumChainSpec
from consortium_operator.api.problem import Problem, shown
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from consortium_operator.engines.fisco_bcos.genesis_keys import GENESIS_KEYS
from consortium_operator.engines.fisco_bcos.key_table import Key, Section, layered
from consortium_operator.engines.fisco_bcos.versions import NodeVersion

PATH = "spec.fiscoBcos.config"

Overlay = Mapping[str, Mapping[str, str]]


def problems(spec: ConsortiumChainSpec, version: NodeVersion) -> tuple[Problem, ...]:
    """Everything in the overlay that cannot be, in a fixed order."""
    overlay = spec.fisco_bcos.config
    found = [
        problem
        for section in sorted(overlay)
        for problem in _section(section, overlay[section], version)
    ]
    return tuple(found) or tuple(_together(spec, version))


def _section(name: str, keys: Mapping[str, str], version: NodeVersion) -> Iterator[Problem]:
    section = CONFIG_KEYS.section(name)
    if section is None:
        yield Problem(f"{PATH}.{shown(name)}", _unknown_section(name))
    else:
        for key in sorted(keys):
            complaint = _key(section, key, keys[key], version)
            if complaint is not None:
                yield Problem(f"{PATH}.{name}.{shown(key)}", complaint)


def _unknown_section(name: str) -> str:
    if GENESIS_KEYS.section(name) is not None:
        return "is a section of config.genesis, which is fixed at founding: remove it"
    names = [section.name for section in CONFIG_KEYS.sections]
    return f"is no section of config.ini; the nearest is {nearest(name, names)}"


def _key(section: Section, name: str, value: str, version: NodeVersion) -> str | None:
    if section.withheld:
        return f"must not be set: {section.withheld}"
    key = CONFIG_KEYS.key(section.name, name)
    if key is None:
        return _unknown_key(section, name)
    if key.since > version.version:
        return f"is not known to {version.tag}: the node has it from {key.since} on"
    if not key.is_known_to(version.version):
        return f"is not known to {version.tag}: the node had it before {key.until}"
    if key.withheld:
        return f"must not be set: {key.withheld}"
    return _suffix(key, name) or ini.complaint(value) or key.kind.complaint(value)


def _suffix(key: Key, name: str) -> str | None:
    return None if key.beginning is None else key.suffix.complaint(name[len(key.beginning) :])


def _unknown_key(section: Section, name: str) -> str:
    if GENESIS_KEYS.key(section.name, name) is not None:
        return "is a key of config.genesis, which is fixed at founding: remove it"
    owners = [other.name for other, key in CONFIG_KEYS if key.name == name]
    if owners:
        return f"is no key of this section; it belongs to {owners[0]}"
    names = [key.name for key in section.keys]
    return f"is no key of config.ini; the nearest is {section.name}.{nearest(name, names)}"


def nearest(name: str, known: list[str]) -> str:
    """The known name that is most like `name`."""
    return difflib.get_close_matches(name[:64], known, n=1, cutoff=0.0)[0]


def _together(spec: ConsortiumChainSpec, version: NodeVersion) -> Iterator[Problem]:
    """What the node refuses of keys that are each right."""
    values = layered(CONFIG_KEYS, version, spec.fisco_bcos.config)
    yield from _message_sizes(values)
    yield from _bandwidths(values.get("flow_control", {}))


def _message_sizes(values: Overlay) -> Iterator[Problem]:
    key = CONFIG_KEYS.key("p2p", "allow_max_msg_size")
    assert key is not None
    assert key.code is not None
    largest = int(values["p2p"].get(key.name, key.code))
    buffer = values["p2p"].get("session_recv_buffer_size")
    if buffer is not None and int(buffer) < 2 * largest:
        yield Problem(
            f"{PATH}.p2p.session_recv_buffer_size",
            f"must be at least {2 * largest}, twice p2p.allow_max_msg_size: a node refuses less",
        )


def _bandwidths(flow_control: Mapping[str, str]) -> Iterator[Problem]:
    total = flow_control.get("total_outgoing_bw_limit")
    for key in ("conn_outgoing_bw_limit", "group_outgoing_bw_limit"):
        part = flow_control.get(key)
        if total is not None and part is not None and float(part) > float(total):
            yield Problem(
                f"{PATH}.flow_control.{key}",
                f"must not be above flow_control.total_outgoing_bw_limit ({total})",
            )
