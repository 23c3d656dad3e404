"""Whether drains can go on: a pod that two budgets select is evicted by nobody, not even where both
would allow it."""

from collections.abc import Iterator, Mapping
from typing import Any

from consortium_operator.chain.naming import MANAGED_BY, MANAGED_BY_LABEL
from consortium_operator.cli.doctor.facts import Facts, labels_of, of_chain
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.kinds import JsonObject

_CHECK = Check("disruption")


def judge(facts: Facts) -> Iterator[Finding]:
    pods, budgets = facts.namespace.pods, facts.namespace.budgets
    for hidden in (pods, budgets):
        if isinstance(hidden, Hidden):
            yield _CHECK.unknown("disruption budgets", hidden.why)
            return
    if isinstance(pods, Hidden) or isinstance(budgets, Hidden):
        return
    foreign = [one for one in budgets if labels_of(one).get(MANAGED_BY_LABEL) != MANAGED_BY]
    for chain in facts.namespace.known_chains:
        bad = list(_conflicts(chain.name, of_chain(pods, chain.name), foreign))
        yield from bad
        if not bad:
            yield _CHECK.ok(chain.name, "its pods are in the operator's budgets alone")


def _conflicts(
    chain: str, pods: tuple[JsonObject, ...], budgets: list[JsonObject]
) -> Iterator[Finding]:
    for budget in budgets:
        selector = budget["spec"].get("selector")
        held = [pod for pod in pods if selector is not None and selects(selector, labels_of(pod))]
        if held:
            metadata = budget["metadata"]
            yield _CHECK.error(
                f"{chain}: budget {metadata['name']}",
                f"it selects {len(held)} of the chain's pods, which the operator's budgets select "
                "too: nobody can evict them, so drains, restarts and upgrades stand still",
                f"kubectl delete poddisruptionbudget {metadata['name']} "
                f"--namespace {metadata['namespace']}, or narrow its selector",
            )


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """As policy/v1 has it: an empty selector is everybody."""
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(name) == value for name, value in wanted.items()) and all(
        _meets(one, labels) for one in selector.get("matchExpressions") or ()
    )


def _meets(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None
