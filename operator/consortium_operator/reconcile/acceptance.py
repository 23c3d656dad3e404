"""The pause of a chain that a person accepted: `consortium.dev/accept-pause: <node>@<number>`.

A sealer heavier than f stops the chain while it restarts, so it waits for that word. The word is
good for one restart. The operator cannot take an annotation back (it writes nothing but status), so
the journal binds its number to the pod that is there, before anything is done by it: once that pod
is gone, by whose hand ever, the number is used up, and a later restart asks for a higher one.
"""

from dataclasses import dataclass, replace

from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.naming import ACCEPT_PAUSE_ANNOTATION
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.projection import Observed
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.world import Round


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That the chain may pause for the sake of the node with full object name `node`, once."""

    node: str
    number: int
    pod_uid: str

    def noted(self, journal: Journal) -> Journal:
        entry = replace(journal.of(self.node), paused=self.number, paused_pod=self.pod_uid)
        return journal.noting(self.node, entry)


def accepted_pause(run: Round, known: Knowledge) -> Acceptance | None:
    """The acceptance that is in force, if any: one node at a time, and only while all others that
    the chain needs are live. It holds for a drain as well as for the operator's own restarts."""
    for node in run.plan.nodes:
        pod = pod_of(run, node)
        if pod is None or pod.deleting or not known.stops_the_chain(node):
            continue
        number = _number(known.journal.of(node.names.node), pod, run.generation)
        is_said = _word(node, number) in run.words(ACCEPT_PAUSE_ANNOTATION)
        if is_said and known.others_are_live(node, run.plan.stopped):
            return Acceptance(node.names.node, number, pod.uid)
    return None


def how_to_accept(run: Round, known: Knowledge, node: PlannedNode, pod: Observed) -> str:
    """The command that a person gives."""
    entry = known.journal.of(node.names.node)
    word = _word(node, _number(entry, pod, run.generation))
    return run.how_to_say(ACCEPT_PAUSE_ANNOTATION, word)


def _number(entry: JournalEntry, pod: Observed, generation: int) -> int:
    """What an acceptance must carry now: the resource's generation, or where that was used, the
    number after the last one. Until the pod that it was for is gone, a number stays good."""
    last = entry.paused or 0
    if entry.paused_pod == pod.uid and last >= generation:
        return last
    return max(generation, last + 1)


def _word(node: PlannedNode, number: int) -> str:
    return f"{node.names.node}@{number}"
