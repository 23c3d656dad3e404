"""What the public source of the node says of each tag, read from it once and kept as data
(tests/data/fisco_bcos/versions): the tables of the engine are held against it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from tests.golden import DATA

Sections = dict[str, dict[str, str]]

_FOLDER = DATA / "fisco_bcos" / "versions"
_NODE: dict[str, Any] = yaml.safe_load((_FOLDER / "node.yaml").read_text())
_BUILD_CHAIN: dict[str, Any] = yaml.safe_load((_FOLDER / "build_chain.yaml").read_text())

MAX_VERSION: Mapping[str, str] = _NODE["max_version"]
TAGS = tuple(MAX_VERSION)

STANDARD, SM = "Standard", "SM"
CONFIG_INI, CONFIG_GENESIS = "config.ini", "config.genesis"


def number(tag: str) -> tuple[int, ...]:
    return tuple(map(int, tag.split(".")))


def features(tag: str) -> set[str]:
    """The flags of Features.h."""
    known: set[str] = set()
    for step in TAGS[: TAGS.index(tag) + 1]:
        change = _NODE["features"].get(step, {})
        known = (known | set(change.get("added", ()))) - set(change.get("gone", ()))
    return known


def keys_read(file: str, tag: str) -> dict[str, str | None]:
    """section.key → the node's default, of every key that the node of this tag reads; None where
    the default is not one value."""
    facts = _NODE["config_keys" if file == CONFIG_INI else "genesis_keys"]
    here = number(tag)
    return {
        key: fact.get("default")
        for key, fact in facts.items()
        if number(fact.get("since", "0")) <= here < number(fact.get("until", "999"))
    }


@cache
def _build_chain(file: str, world: str, tag: str) -> Sections:
    written: Sections = {}
    for section, keys in _BUILD_CHAIN[f"{world} {file}"].items():
        values = {key: _at(steps, tag) for key, steps in keys.items()}
        known = {key: value for key, value in values.items() if value is not None}
        if known or not keys:
            written[section] = known
    return written


def build_chain(file: str, world: str, tag: str) -> Sections:
    """Section → key → value as build_chain.sh of this tag writes the file, in its order, without
    the nodes of a genesis."""
    return {section: dict(keys) for section, keys in _build_chain(file, world, tag).items()}


def _at(steps: Mapping[str, str | None], tag: str) -> str | None:
    begun = [value for first, value in steps.items() if number(first) <= number(tag)]
    return begun[-1] if begun else None
