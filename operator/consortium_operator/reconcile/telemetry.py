"""What a round tells the metrics. Nothing is asked for their sake: it is what the round has seen
for its own."""

from collections.abc import Callable, Mapping
from datetime import datetime

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.naming import ChainKey
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.metrics.record import Observation
from consortium_operator.reconcile.judgement import Judged
from consortium_operator.reconcile.node_states import NodeStates
from consortium_operator.reconcile.status import Status, unread_since
from consortium_operator.reconcile.steps import Progress
from consortium_operator.reconcile.world import ChainMemory

Observe = Callable[[ChainKey, Observation | None], None]
"""Told of every round that came to an end; None: there is no such chain any more."""


def nobody(_key: ChainKey, _seen: Observation | None) -> None:
    """Where nobody wants to know."""


def observation(
    judged: Mapping[ConditionType, Judged],
    progress: Progress | None,
    states: NodeStates,
    memory: ChainMemory,
    before: Status,
    now: datetime,
) -> Observation:
    """`progress`: None where no plan was ever made. `before`: the status as it was."""
    conditions = {type_: (one.status, one.reason) for type_, one in judged.items()}
    silent_since = unread_since(before, now)
    if progress is None:
        return Observation(now, conditions, silent_since=silent_since)
    certificates = {**progress.certificates, **progress.in_use}
    registers = progress.custody.nodes
    return Observation(
        at=now,
        conditions=conditions,
        plan=progress.plan,
        view=progress.view,
        node_ids={name: register.node_id for name, register in registers.items()},
        states=states.words,
        certificate_ends={name: one.facts.not_after for name, one in certificates.items()},
        authority_ends=_authority_ends(progress, memory),
        client_ends={
            (member, kind.name.lower()): one.facts.not_after
            for (member, kind), one in progress.clients.items()
        },
        silent_since=silent_since,
    )


def _authority_ends(
    progress: Progress, memory: ChainMemory
) -> dict[tuple[str, AuthorityKind], datetime]:
    """Of the newest ones, as far as this round looked at them."""
    return {
        (member.name, kind): memory.authority_ends[register]
        for member in progress.plan.members
        for kind, register in progress.custody.authorities_of(member.name).items()
        if register in memory.authority_ends
    }
