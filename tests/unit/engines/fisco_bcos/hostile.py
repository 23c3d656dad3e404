"""Resources that somebody might write to break the operator, made from a seed.

A good resource has up to four of its fields replaced: by control characters, sections and lines of
the node's files, template syntax, what YAML makes of odd text, huge numbers, wrong types.
"""

import copy
import datetime
import random
import string
from dataclasses import dataclass
from typing import Any

import yaml

from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from tests.resources import with_fields
from tests.unit.engines.fisco_bcos import node_facts

BASE: dict[str, Any] = {
    "apiVersion": "consortium.dev/v1alpha1",
    "kind": "ConsortiumChain",
    "metadata": {"name": "trade", "namespace": "chains"},
    "spec": {
        "version": "3.16.4",
        "image": {"repository": "registry.example/node", "tag": "v1"},
        "chainId": "chain0",
        "members": [
            {"name": "webank", "nodes": [{"name": "shenzhen", "count": 2}]},
            {"name": "huawei", "displayName": "华为", "nodes": [{"name": "dongguan"}]},
        ],
    },
}

_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.labels",
    "metadata.annotations",
    "spec.version",
    "spec.chainId",
    "spec.engine",
    "spec.image",
    "spec.image.repository",
    "spec.image.tag",
    "spec.image.digest",
    "spec.members",
    "spec.members[0]",
    "spec.members[0].name",
    "spec.members[0].displayName",
    "spec.members[1].nodes",
    "spec.members[0].nodes[0]",
    "spec.members[0].nodes[0].name",
    "spec.members[0].nodes[0].count",
    "spec.members[0].nodes[0].weight",
    "spec.members[0].nodes[0].role",
    "spec.members[0].nodes[0].placement.region",
    "spec.members[0].nodes[0].podLabels",
    "spec.nodeDefaults",
    "spec.nodeDefaults.storage.size",
    "spec.nodeDefaults.resources.limits",
    "spec.nodeDefaults.podAnnotations",
    "spec.certificates.duration",
    "spec.certificates.caDuration",
    "spec.networkPolicy.clients",
    "spec.paused",
    "spec.fiscoBcos",
    "spec.fiscoBcos.groupId",
    "spec.fiscoBcos.cryptography",
    "spec.fiscoBcos.consensus",
    "spec.fiscoBcos.consensus.type",
    "spec.fiscoBcos.consensus.blockTxCountLimit",
    "spec.fiscoBcos.consensus.leaderPeriod",
    "spec.fiscoBcos.consensus.epochSealerNum",
    "spec.fiscoBcos.genesis.compatibilityVersion",
    "spec.fiscoBcos.genesis.gasLimit",
    "spec.fiscoBcos.genesis.blockLimit",
    "spec.fiscoBcos.genesis.web3ChainId",
    "spec.fiscoBcos.genesis.features",
    "spec.fiscoBcos.executor",
    "spec.fiscoBcos.executor.wasm",
    "spec.fiscoBcos.executor.serial",
    "spec.fiscoBcos.executor.authCheck",
    "spec.fiscoBcos.executor.authAdminAccount",
    "spec.fiscoBcos.executor.version",
    "spec.fiscoBcos.genesisSha256",
    "spec.fiscoBcos.ledger",
    "spec.fiscoBcos.ledger.keyPageSize",
    "spec.fiscoBcos.ledger.separateBlockState",
    "spec.fiscoBcos.rpc.port",
    "spec.fiscoBcos.rpc.tls",
    "spec.fiscoBcos.web3Rpc.port",
    "spec.fiscoBcos.peers",
    "spec.fiscoBcos.peers.mode",
    "spec.fiscoBcos.peers.allow",
    "spec.fiscoBcos.peers.deny",
    "spec.fiscoBcos.config",
    "spec.fiscoBcos.governors",
    "spec.unknown",
)

_TEXTS = (
    "",
    " ",
    "\n",
    "a\nb",
    "a\r\n[rpc]\nenable_ssl=false",
    "15000 ; inline",
    "# comment",
    "[cert]",
    "a=b",
    "=",
    "\x00",
    "\x1b[2J",
    "\x85",
    "\u2028",
    "\u202eabc",
    "\ufeffabc",
    "\ud800",
    "٣",
    "微众银行",
    "🏦" * 40,
    "e\u0301",
    "{{ 7 * 7 }}",
    "{% for x in y %}",
    "{# #}",
    "${HOME}",
    "$(id)",
    "%s%n",
    "../../etc/passwd",
    "True",
    "true",
    "yes",
    "~",
    "null",
    "-1",
    "0",
    "1",
    "20000",
    "007",
    "0x10",
    "1e9",
    "1_000",
    "9" * 400,
    "a" * 5000,
    "a" * 63,
    "Abc123",
    "a-b",
    "info",
    "3.16.4",
    "v3.16.4",
    "3.6.0",
    "3.16",
    "3.999.0",
    "3.6.0\n",
    "RPBFT",
    "SM",
    "Listed",
    "1h",
    "20Gi",
    "0x" + "aB" * 20,
    "0x" + "g" * 40,
    "f" * 64,
    "f" * 128,
    "e" * 512,
    "feature_balance",
)
_THINGS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    4096,
    10240,
    1024,
    65535,
    2**31,
    2**63,
    2**64,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    1e308,
    [],
    {},
    [None],
    [[]],
    {"": ""},
    {"a": {"b": {"c": [1, 2, 3]}}},
    {1: 2},
    b"bytes",
    datetime.date(2024, 1, 1),
    datetime.datetime(2024, 1, 1, 12, 0, tzinfo=datetime.UTC),
    {"enabled": "yes"},
    ["feature_balance", "feature_balance"],
    ["feature_sharding"],
    ["e" * 512],
    ["0" * 512],
    ["0x" + "e" * 512],
    [{"name": "a"}, {"name": "a"}],
    [{"name": "a", "nodes": [{"name": "b", "count": 64}] * 2}],
)
# What YAML makes something else of than one would think.
_YAML = (
    "!!binary aGFsbG8=",
    "2001-12-14t21:59:43.10-05:00",
    "0o17",
    "0b11",
    "1:30:00",
    ".inf",
    ".NaN",
    "0.0",
    "on",
    "Off",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "{1: a, true: b, ~: c}",
    "&a [*a, *a]",
    "&a {b: *a}",
    "|\n  [rpc]\n  enable_ssl=false",
    '"\\u2029\\0"',
    "<<: {a: b}",
)


# What a field may well say, so that others are not always judged beside a bad one.
_GOOD: dict[str, tuple[Any, ...]] = {
    "metadata.name": ("a", "trade-2"),
    "spec.version": node_facts.TAGS,
    "spec.chainId": ("1", "Chain9"),
    "spec.members[0].name": ("tencent", "0-0"),
    "spec.members[0].displayName": ("微众银行", "{{ x }}", "%s", "[rpc]"),
    "spec.members[0].nodes[0].name": ("a", "beijing"),
    "spec.members[0].nodes[0].count": (1, 3),
    "spec.members[0].nodes[0].weight": (1, 1_000_000),
    "spec.fiscoBcos.groupId": ("g", "0"),
    "spec.fiscoBcos.consensus.type": ("PBFT", "RPBFT"),
    "spec.fiscoBcos.consensus.blockTxCountLimit": (1, 1_000_000),
    "spec.fiscoBcos.consensus.epochSealerNum": (1, 256),
    "spec.fiscoBcos.genesis.compatibilityVersion": ("3.6.0", "3.1.0"),
    "spec.fiscoBcos.genesis.gasLimit": (100_001, 700_000, 9_007_199_254_740_991),
    "spec.fiscoBcos.genesis.blockLimit": (1, 5000),
    "spec.fiscoBcos.genesis.features": ([], ["feature_sharding", "bugfix_revert"]),
    "spec.fiscoBcos.executor.serial": (True, False),
    "spec.fiscoBcos.executor.authCheck": (True, False),
    "spec.fiscoBcos.executor.authAdminAccount": ("0x" + "aB" * 20,),
    "spec.fiscoBcos.executor.version": (0,),
    "spec.fiscoBcos.ledger.keyPageSize": (0, 4096, 10240),
    "spec.fiscoBcos.rpc.port": (1025, 65535),
    "spec.fiscoBcos.peers.mode": ("Open", "Listed"),
    "spec.fiscoBcos.peers.deny": (["e" * 512],),
}


@dataclass(frozen=True)
class Hostile:
    """`fields`: the paths that were replaced."""

    body: dict[str, Any]
    fields: tuple[str, ...]


def hostile(seed: int) -> Hostile:
    """The same resource for the same seed."""
    dice = random.Random(seed)
    fields = dice.sample(_FIELDS, dice.choice((1, 1, 1, 2, 3, 4)))
    body = copy.deepcopy(BASE)
    if dice.random() < 0.5:
        body["spec"]["version"] = dice.choice(node_facts.TAGS)
    for field in sorted(fields):  # a whole before its parts
        value = _for(field, dice)
        try:
            body = with_fields(body, {field: value})
        except (TypeError, IndexError, KeyError, AttributeError):
            continue  # its whole was replaced by something that has no such part
    return Hostile(body, tuple(fields))


def _for(field: str, dice: random.Random) -> Any:
    if field.endswith(".config"):
        return _overlay(dice)
    if field in _GOOD and dice.random() < 0.6:
        return copy.deepcopy(dice.choice(_GOOD[field]))
    return _value(dice)


def _value(dice: random.Random) -> Any:
    kind = dice.random()
    if kind < 0.5:
        return dice.choice(_TEXTS)
    if kind < 0.75:
        return copy.deepcopy(dice.choice(_THINGS))
    if kind < 0.85:
        return yaml.safe_load(dice.choice(_YAML))
    return _noise(dice)


def _noise(dice: random.Random) -> str:
    alphabets = (string.ascii_letters + string.digits, string.printable)
    letters = dice.choice(alphabets) if dice.random() < 0.7 else None
    length = dice.randrange(40)
    if letters is not None:
        return "".join(dice.choice(letters) for _ in range(length))
    return "".join(chr(dice.randrange(0x110000)) for _ in range(length))


def _overlay(dice: random.Random) -> Any:
    """Mostly sections and keys that exist."""
    if dice.random() < 0.1:
        return _value(dice)
    keys = [(section.name, key.name.replace("*", "1")) for section, key in CONFIG_KEYS]
    overlay: dict[Any, Any] = {}
    for _ in range(dice.randrange(1, 4)):
        section, key = dice.choice(keys)
        if dice.random() < 0.1:
            key = str(_noise(dice))
        good = ("1", "true", "5000", "info", "*", "{{ x }}")
        value = _value(dice) if dice.random() < 0.3 else dice.choice(good)
        overlay.setdefault(section, {})[key] = value
    return overlay
