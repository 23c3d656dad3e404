"""From findings and what was seen to conditions. Pure: the same evidence gives the same status.

Each condition is judged alone; Ready, Reconciling and Stalled sum the others up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from consortium_operator.api.conditions import ConditionStatus, ConditionType, Reason
from consortium_operator.chain.fault_domains import fault_domains
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.view import Look
from consortium_operator.reconcile.findings import Finding, Findings


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer to one condition's question."""

    status: ConditionStatus
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one round knows. None and zero: not known (yet).

    `certified`: nodes with a certificate that serves; `ready_pods`: nodes whose pod is ready;
    `stopping`: nodes with a pod that the spec stops;
    `down`: path → why, of nodes that do not take part though their pod may run. `had_blocks`:
    whether the chain was ever seen with one. `handed_over`: whether its committee was read, and is
    the wanted one.
    """

    findings: Findings
    plan: Plan | None = None
    sealed: bool = False
    intact: bool = False
    certified: int = 0
    ready_pods: int = 0
    stopping: int = 0
    down: Mapping[str, str] | None = None
    view: Look | None = None
    had_blocks: bool = False
    handed_over: bool = False


AS_EXPECTED = Reason.AS_EXPECTED
# People read a screen of it, and fix what they read first.
_ROOM = 8000
# The API server takes 32768 characters, and refuses a status whole for one message that has more.
_LONGEST = 16_000
_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


def _true(message: str, reason: Reason = AS_EXPECTED) -> Judged:
    return Judged(_T, reason, message)


def _pending(message: str) -> Judged:
    return Judged(_U, Reason.PENDING, message)


def _of_findings(found: tuple[Finding, ...]) -> Judged:
    """The most telling finding's reason; the messages of all, as far as there is room."""
    worst = next((f for f in found if f.needs_person), found[0])
    status = _U if all(f.unknown for f in found) else _F
    messages = [worst.message, *(f.message for f in found if f is not worst)]
    return Judged(status, worst.reason, _joined(messages))


def _joined(messages: list[str]) -> str:
    room = _ROOM
    for count, message in enumerate(messages):
        room -= len(message)
        if room < 0 and count:
            return "; ".join([*messages[:count], f"and {len(messages) - count} more"])
    return "; ".join(messages)


def _fitting(one: Judged) -> Judged:
    """256 nodes may each be down in words of their own, and a webhook's may be of any length."""
    if len(one.message) <= _LONGEST:
        return one
    return replace(one, message=f"{one.message[: _LONGEST - 1]}…")


def _spec_valid(_: Evidence) -> Judged:
    return _true("the resource was accepted")


def _identities(e: Evidence) -> Judged:
    if not e.intact:
        return _pending("the keys are being made or read")
    return _true("every key is there and is the registered one")


def _genesis(e: Evidence) -> Judged:
    if not e.sealed:
        return _pending("the genesis waits for the keys of all founders")
    return _true("the genesis is sealed and unchanged")


def _certificates(e: Evidence) -> Judged:
    wanted = len(e.plan.staying) if e.plan else 0
    if not wanted or e.certified < wanted:
        return _pending(f"{e.certified} of {wanted} nodes have a certificate that serves")
    return _true("every certificate serves and none is about to expire")


def _nodes(e: Evidence) -> Judged:
    wanted = len(e.plan.running) if e.plan else 0
    if e.plan is not None and e.plan.spec.hibernated:
        return _hibernated(e)
    if e.down:
        listed = _grouped(e.down)
        starting = e.view is None or e.view.height < 1
        if starting and not e.had_blocks:
            return Judged(_F, Reason.PENDING, f"starting: {listed}")
        return Judged(_F, Reason.NODE_DOWN, listed)
    if not wanted or e.ready_pods < wanted:
        return _pending(f"{e.ready_pods} of {wanted} pods are ready")
    return _true(f"all {wanted} pods are ready{_stopped(e.plan)}")


def _hibernated(e: Evidence) -> Judged:
    if e.stopping:
        return Judged(_F, Reason.PENDING, f"the chain goes to sleep: {e.stopping} pods are left")
    message = "the chain hibernates, as the spec says: no pod runs; keys, genesis and ledgers stay"
    return Judged(_F, Reason.HIBERNATED, message)


def _stopped(plan: Plan | None) -> str:
    paths = ", ".join(node.path for node in plan.stopped) if plan is not None else ""
    return f"; stopped, as the spec says: {paths}" if paths else ""


def _grouped(down: Mapping[str, str]) -> str:
    """Nodes that are down for one reason are named together."""
    paths: dict[str, list[str]] = {}
    for path, why in sorted(down.items()):
        paths.setdefault(why, []).append(path)
    return "; ".join(f"{', '.join(together)}: {why}" for why, together in paths.items())


def _why_unread(e: Evidence) -> str:
    if e.plan is None:
        return "no node was asked, since the resource was not accepted"
    return "no node answers the operator"


def _quorum(e: Evidence) -> Judged:
    view = e.view
    if e.plan is not None and e.plan.spec.hibernated:
        return Judged(_U, Reason.UNKNOWN, "the chain hibernates")
    if view is None or not view.was_read:
        return Judged(_U, Reason.UNKNOWN, _why_unread(e))
    quorum, live = view.quorum, view.live_weight
    numbers = (
        f"{live} of {quorum.total_weight} weight live, {quorum.required} needed, "
        f"margin {quorum.margin(live)}"
    )
    if not view.has_quorum() and view.height < 1:
        return _pending(f"{numbers}: the chain has not started yet")
    if not view.has_quorum():
        return Judged(_F, Reason.QUORUM_LOST, f"{numbers}: no block can be made")
    if quorum.faulty == 0:
        return _true(
            f"{numbers}; no node may fail: four sealers or more tolerate one",
            Reason.NO_FAULT_TOLERANCE,
        )
    if any(quorum.is_too_heavy(weight) for weight in view.weights.values()):
        return _true(
            f"{numbers}; a sealer is heavier than the {quorum.faulty} that may fail",
            Reason.NODE_HEAVIER_THAN_F,
        )
    concentrated = _concentrated(e.plan)
    if concentrated is not None:
        return _true(f"{numbers}; {concentrated}", Reason.WEIGHT_CONCENTRATION)
    return _true(numbers)


def _concentrated(plan: Plan | None) -> str | None:
    """The heaviest region or zone without which no block is made."""
    domains = fault_domains(plan) if plan is not None else ()
    worst = next((domain for domain in domains if domain.is_concentrated), None)
    if worst is None:
        return None
    return (
        f"{worst.kind} {worst.name} holds {worst.weight} of the weight, more than may fail: where "
        "it is lost, no block is made"
    )


def _consistent(e: Evidence) -> Judged:
    view = e.view
    if view is None or not view.was_read:
        return _pending(_why_unread(e))
    if view.foreign_block0:
        nodes = ", ".join(view.foreign_block0)
        return Judged(_F, Reason.GENESIS_MISMATCH, f"another block 0 than the sealed one: {nodes}")
    if view.splits:
        pairs = ", ".join(f"{a} and {b}" for a, b in view.splits)
        return Judged(_F, Reason.CHAIN_SPLIT, f"two hashes at one height: {pairs}")
    if view.alone is not None:
        return _pending(
            f"{view.alone} tells other sealers than most: until they agree nothing is restarted or "
            "voted. Where it stays so, take it for a node that lies"
        )
    if view.height < 1:
        return _pending("the first block has not been made yet")
    return _true("one block 0, and one hash at each height")


def _membership(e: Evidence) -> Judged:
    view = e.view
    if view is None or view.height < 1:
        return _pending("the chain's members cannot be read yet")
    return _true("the members on chain are those of the spec")


def _up_to_date(e: Evidence) -> Judged:
    if e.view is None or not e.view.was_read:
        return _pending(_why_unread(e))
    if e.view.height < 1:
        return _pending("the nodes have not made their first block yet")
    return _true("every node runs the wanted image and settings")


def _governance(e: Evidence) -> Judged:
    if e.plan is None:
        return _pending("the resource was not accepted")
    executor = e.plan.spec.fisco_bcos.executor
    if not executor.auth_check:
        return Judged(_F, Reason.AUTH_OFF, "whoever reaches RPC may change members and settings")
    if e.plan.spec.fisco_bcos.governors:
        if not e.handed_over:
            return _pending("the committee has not been read")
        return _true("the committee is that of the resource")
    if executor.auth_admin_account is None:
        return Judged(
            _F,
            Reason.SOLE_GENERATED_ADMIN,
            f"the account in Secret {e.plan.key.admin} is the sole governor",
        )
    return _true(f"the account {executor.auth_admin_account} is the governor")


_JUDGES: dict[ConditionType, Callable[[Evidence], Judged]] = {
    ConditionType.SPEC_VALID: _spec_valid,
    ConditionType.IDENTITIES_INTACT: _identities,
    ConditionType.GENESIS_SEALED: _genesis,
    ConditionType.CERTIFICATES_VALID: _certificates,
    ConditionType.CHAIN_CONSISTENT: _consistent,
    ConditionType.QUORUM_HEALTHY: _quorum,
    ConditionType.NODES_READY: _nodes,
    ConditionType.MEMBERSHIP_IN_SYNC: _membership,
    ConditionType.UP_TO_DATE: _up_to_date,
    ConditionType.GOVERNANCE_HANDED_OVER: _governance,
}
"""In the order in which they tell why a chain is not ready: the first that is not true speaks."""


def judge(evidence: Evidence) -> dict[ConditionType, Judged]:
    """Every condition of the closed list."""
    judged = {
        condition: _fitting(
            _of_findings(found) if (found := evidence.findings.of(condition)) else decide(evidence)
        )
        for condition, decide in _JUDGES.items()
    }
    ready = _ready(evidence, judged)
    stalled = evidence.findings.need_person
    return {ConditionType.READY: ready, **_progress(ready, stalled), **judged}


def _ready(evidence: Evidence, judged: Mapping[ConditionType, Judged]) -> Judged:
    counted = [
        one
        for condition, one in judged.items()
        if condition is not ConditionType.GOVERNANCE_HANDED_OVER
        or (evidence.plan is not None and evidence.plan.spec.fisco_bcos.governors)
    ]
    telling = next((one for one in counted if one.status is _F), None) or next(
        (one for one in counted if one.status is _U), None
    )
    if telling is not None:
        return Judged(_F, telling.reason, telling.message)
    quorum = judged[ConditionType.QUORUM_HEALTHY].message
    return _true(f"the chain runs: {quorum}{_stopped(evidence.plan)}")


def _progress(ready: Judged, stalled: bool) -> dict[ConditionType, Judged]:
    """Abnormal-true, never both (kstatus): who has to act next."""
    settled = Judged(_F, AS_EXPECTED, "nothing is under way")
    unneeded = Judged(_F, AS_EXPECTED, "no person is needed")
    if ready.status is _T or ready.reason is Reason.HIBERNATED:
        return {ConditionType.RECONCILING: settled, ConditionType.STALLED: unneeded}
    mine = Judged(_T, ready.reason, ready.message)
    return {
        ConditionType.RECONCILING: settled if stalled else mine,
        ConditionType.STALLED: mine if stalled else unneeded,
    }
