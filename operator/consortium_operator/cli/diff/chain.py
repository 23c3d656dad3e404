"""The running chain as it is known, beside what the spec wants of it: pure. What is known is in
public objects: the operator's journal, the pods, the conditions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.membership import achieved_of, intent_of
from consortium_operator.chain.naming import NODE_LABEL
from consortium_operator.chain.plan import Departure
from consortium_operator.cli.chain_table import condition
from consortium_operator.kube.kinds import POD, JsonObject, kind_of
from consortium_operator.manifests.pod import CONTAINER
from consortium_operator.offline.expectation import Expectation

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
    expected: Expectation, chain: Mapping[str, Any], objects: Iterable[JsonObject]
) -> tuple[ChainDifference, ...]:
    return (
        *_members(expected),
        *_images(expected, objects),
        *_settings(expected),
        *_conditions(expected, chain),
    )


def unfounded(chain: Mapping[str, Any]) -> tuple[ChainDifference, ...]:
    """Of a chain that has no genesis yet."""
    message = condition(chain, ConditionType.READY).get("message")
    return (ChainDifference("genesis", message, "sealed", "condition"),)


def _members(expected: Expectation) -> Iterator[ChainDifference]:
    for node in expected.plan.nodes:
        found = achieved_of(expected.journal.of(node.names.node))
        if found != intent_of(node):
            yield ChainDifference(node.path, _words(found), str(_words(intent_of(node))), "journal")


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
