"""What the resource can already say and the operator cannot do yet.

A field whose feature is not built is refused, never ignored. Whoever builds a feature deletes its
lines here, and nothing else has to change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consortium_operator.api.chain import (
    ConsortiumChainSpec,
    NodeGroup,
    NodeState,
    RolloutStrategy,
)
from consortium_operator.api.conditions import Reason
from consortium_operator.api.rule import M, Rule


def _not_yet(
    on: type[M], path: str, cel: str, predicate: Callable[[M], bool], what: str
) -> Rule[M]:
    return Rule(on, path, cel, predicate, f"{what} is not supported yet", Reason.NOT_SUPPORTED_YET)


NOT_SUPPORTED_YET: tuple[Rule[Any], ...] = (
    _not_yet(
        ConsortiumChainSpec,
        "hibernated",
        "!self.hibernated",
        lambda spec: not spec.hibernated,
        "true",
    ),
    _not_yet(
        ConsortiumChainSpec,
        "rollout.strategy",
        "self.rollout.strategy == 'Automatic'",
        lambda spec: spec.rollout.strategy is RolloutStrategy.AUTOMATIC,
        "Manual",
    ),
    _not_yet(
        NodeGroup,
        "state",
        "self.state == 'Running'",
        lambda group: group.state is NodeState.RUNNING,
        "Stopped",
    ),
)
