"""More certificates have ended than nodes may fail, as after a long time without the operator.

A connection outlives the certificates that it was made with, so the chain may run on. But each new
connection with such a node fails, and a node that restarts needs new ones: with a quorum of the
others, or it is lost to the chain. One after the other would therefore cost the chain its margin
and end there. All who have new certificates restart together: by themselves where no quorum exists
any more, else once a person accepts the pause.
"""

from collections.abc import Mapping

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import ACCEPT_CHANGE_ANNOTATION, content_hash
from consortium_operator.reconcile.certificates import HeldCertificates
from consortium_operator.reconcile.expiry import has_ended
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.knowledge import Knowledge, MassExpiry
from consortium_operator.reconcile.world import Round


def find_mass_expiry(
    run: Round,
    known: Knowledge,
    serving: Mapping[str, HeldCertificates],
    in_use: Mapping[str, HeldCertificates],
) -> MassExpiry | None:
    """`serving`: the certificates that nodes should have, `in_use`: those they have."""
    view = known.view
    if view is None or not view.was_read:
        return None
    ended = [
        node
        for node in run.plan.nodes
        if node.names.node in in_use and has_ended(run, in_use[node.names.node])
    ]
    renewed = frozenset(
        name
        for name in (node.names.node for node in ended)
        if name in serving and not has_ended(run, serving[name])
    )
    if not renewed or sum(known.weight(node) for node in ended) <= view.quorum.faulty:
        return None
    word = _word(serving)
    if not view.has_quorum() or word in run.words(ACCEPT_CHANGE_ANNOTATION):
        return MassExpiry(renewed)
    return MassExpiry(renewed, waits_for=_command(run, word))


def tell_mass_expiry(run: Round, mass: MassExpiry) -> None:
    count = f"{len(mass.nodes)} nodes whose certificates have ended"
    if mass.waits_for is None:
        message = f"{count} restart together, since they refuse each other one by one"
        run.findings.add(Finding(ConditionType.UP_TO_DATE, Reason.ROLLING_OUT, message))
        return
    message = (
        f"{count} still hold the connections that they have. Restarted one by one they would "
        "refuse each other, so they restart together, and no block is made meanwhile. It waits "
        f"for a person to accept that: {mass.waits_for}"
    )
    for condition, reason in (
        (ConditionType.CERTIFICATES_VALID, Reason.AWAITING_RESTART),
        (ConditionType.UP_TO_DATE, Reason.AWAITING_ACCEPTANCE),
    ):
        run.findings.add(Finding(condition, reason, message, needs_person=True))


def _word(serving: Mapping[str, HeldCertificates]) -> str:
    """Stands for the certificates that all nodes should have, whoever of them has restarted by now:
    so it is good until the last one has, and never again."""
    return content_hash(
        *(
            text
            for name, held in sorted(serving.items())
            for text in (name, *(held.files[file] for file in sorted(held.files)))
        )
    )


def _command(run: Round, word: str) -> str:
    return run.how_to_say(ACCEPT_CHANGE_ANNOTATION, word)
