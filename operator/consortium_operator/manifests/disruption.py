"""PodDisruptionBudgets: what a drain, another operator and we ourselves may evict.

A budget counts pods, the quorum counts weight. Two budgets with disjoint lists of nodes bridge
that: sealers that the chain can spare one at a time, and those heavier than f, of which none may
go. Only live sealers are listed: a node that is down, or whose pause was accepted, is no loss.
But where the live ones are no quorum, those that may serve all the same are what keeps the chain
going.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consortium_operator.chain.naming import CHAIN_LABEL, NODE_LABEL, ChildPart
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.quorum import Quorum
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.metadata import disposable


@dataclass(frozen=True, slots=True)
class LiveSealers:
    """`weights`: of the live sealers whose pause was not accepted, by full object name; `quorum`:
    of the sealers at work; `total`: the weight of all, also of those that wait for their turn
    (RPBFT). Whoever is down may be called by the next epoch, so all of it must be within f.
    `may_serve`: of sealers that are not seen to be live, which may be for want of one answer."""

    quorum: Quorum
    weights: Mapping[str, int]
    total: int
    may_serve: Mapping[str, int] = field(default_factory=dict)

    @property
    def margin(self) -> int:
        return self.quorum.faulty - (self.total - sum(self.weights.values()))

    @property
    def listed(self) -> Mapping[str, int]:
        """Whoever gave no answer counts as down, and stays listed only where it may be needed. The
        guard lets it go by the same rule, so that no budget stands in the operator's own way."""
        return self.weights if self.margin >= 0 else {**self.may_serve, **self.weights}


def disruption_budgets(plan: Plan, live: LiveSealers) -> tuple[Manifest, ...]:
    """No budget for an empty list: a selector `In []` is refused by the API server, and a budget
    over no pod protects nothing. The reconciler deletes the one that is no longer here."""
    spare = {n: w for n, w in live.listed.items() if not live.quorum.is_too_heavy(w)}
    heavy = live.listed.keys() - spare.keys()
    budgets = []
    if spare:
        one_may_go = live.margin >= max(spare.values())
        available = len(spare) - 1 if one_may_go else len(spare)
        budgets.append(_budget(plan, plan.key.sealers_budget, sorted(spare), available))
    if heavy:
        name = plan.key.heavy_sealers_budget
        budgets.append(_budget(plan, name, sorted(heavy), len(heavy)))
    return tuple(budgets)


def _budget(plan: Plan, name: str, nodes: list[str], available: int) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": disposable(plan, name, ChildPart.BUDGET),
        "spec": {
            "minAvailable": available,
            "selector": {
                "matchLabels": {CHAIN_LABEL: plan.key.name},
                "matchExpressions": [{"key": NODE_LABEL, "operator": "In", "values": nodes}],
            },
            # A pod that is not ready must never block a drain.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
