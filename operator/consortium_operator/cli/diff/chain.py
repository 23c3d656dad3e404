"""The running chain as it is known, beside what the spec wants of it: pure. What is known is in
the operator's metrics and in public objects: its journal, the pods, the conditions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.membership import achieved_of, intent_of
from consortium_operator.chain.naming import NODE_LABEL
from consortium_operator.chain.plan import Departure
from consortium_operator.cli.chain_table import condition
from consortium_operator.cli.live import LiveChain, LiveNode
from consortium_operator.kube.kinds import POD, JsonObject, kind_of
from consortium_operator.manifests.pod import CONTAINER
from consortium_operator.offline.expectation import Expectation

Nodes = Mapping[tuple[str, str], LiveNode]
_SAY_SO = (
    ConditionType.CHAIN_CONSISTENT,
    ConditionType.MEMBERSHIP_IN_SYNC,
    ConditionType.UP_TO_DATE,
)


@dataclass(frozen=True, slots=True)
class ChainDifference:
    """One fact of the chain. `source`: who says what was found. None: nobody has said yet."""

    subject: str
    found: str | None
    wanted: str
    source: str


def compare_chain(
    expected: Expectation,
    chain: Mapping[str, Any],
    objects: Iterable[JsonObject],
    live: LiveChain | str,
) -> tuple[ChainDifference, ...]:
    """`live`: what the operator's metrics say, or why they say nothing."""
    nodes = {} if isinstance(live, str) else live.nodes
    return (
        *_members(expected, nodes),
        *_images(expected, objects),
        *_versions(expected, nodes),
        *_settings(expected),
        *_conditions(expected, chain),
    )


def unfounded(chain: Mapping[str, Any]) -> tuple[ChainDifference, ...]:
    """Of a chain that has no genesis yet."""
    message = condition(chain, ConditionType.READY).get("message")
    return (ChainDifference("genesis", message, "sealed", "condition"),)


def _members(expected: Expectation, live: Nodes) -> Iterator[ChainDifference]:
    """By the running chain where the operator tells it, else by what it last achieved."""
    for node in expected.plan.nodes:
        now = live.get((node.member, node.name))
        found, source = achieved_of(expected.journal.of(node.names.node)), "journal"
        if now is not None and now.role is not None:
            found, source = f"{now.role}/{now.weight or 0}", "operator's metrics"
        if found != intent_of(node):
            yield ChainDifference(node.path, _words(found), str(_words(intent_of(node))), source)


def _words(standing: str | None) -> str | None:
    """Sealer/2 as people say it."""
    if standing is None:
        return None
    role, _, weight = standing.partition("/")
    return f"{role} of weight {weight}" if weight != "0" else role


def _images(expected: Expectation, objects: Iterable[JsonObject]) -> Iterator[ChainDifference]:
    pods = {
        (one["metadata"].get("labels") or {}).get(NODE_LABEL): one
        for one in objects
        if kind_of(one) == POD
    }
    wanted = expected.plan.image.reference
    for node in expected.plan.nodes:
        pod = pods.get(node.names.node)
        if pod is None or node.departure is Departure.OUT:
            continue
        images = (one["image"] for one in pod["spec"]["containers"] if one["name"] == CONTAINER)
        for image in images:
            if image != wanted:
                yield ChainDifference(f"{node.path}: image", image, wanted, "pod")


def _versions(expected: Expectation, live: Nodes) -> Iterator[ChainDifference]:
    """What the processes call themselves: an image may hold another version than its name says."""
    for node in expected.plan.staying:
        now = live.get((node.member, node.name))
        version = None if now is None else now.version
        wanted = expected.plan.spec.version
        if version is not None and version != wanted:
            subject = f"{node.path}: version"
            yield ChainDifference(subject, version, wanted, "operator's metrics")


def _settings(expected: Expectation) -> Iterator[ChainDifference]:
    achieved = expected.journal.chain.settings
    for setting in expected.settings:
        key, wanted = setting.change.key, setting.change.value
        if achieved.get(key) != wanted:
            yield ChainDifference(f"{setting.field}: {key}", achieved.get(key), wanted, "journal")


def _conditions(expected: Expectation, chain: Mapping[str, Any]) -> Iterator[ChainDifference]:
    """What the operator itself says of the difference, with what it waits for."""
    also = (
        (ConditionType.GOVERNANCE_HANDED_OVER,) if expected.plan.spec.fisco_bcos.governors else ()
    )
    for name in (*_SAY_SO, *also):
        one = condition(chain, name)
        if one and one["status"] != "True":
            message = one.get("message") or one["reason"]
            yield ChainDifference(name, f"{one['reason']}: {message}", "True", "condition")
