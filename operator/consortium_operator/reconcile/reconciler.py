"""`reconcile(chain)`: the one entry, whatever the trigger was.

A round runs the steps in their order (`steps.py`) and stops at the first that later ones need;
the running chain is read and the status told in any case. A resource that is not accepted, or is
paused, changes nothing: then the round only looks.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from consortium_operator.api.conditions import ConditionStatus, ConditionType, Reason
from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource, Problem
from consortium_operator.chain.naming import ChainKey
from consortium_operator.chain.plan import Plan, make_plan
from consortium_operator.chain.quiet import Settled
from consortium_operator.chain.view import ChainView
from consortium_operator.kube.errors import (
    ApiError,
    Conflict,
    Invalid,
    NotFound,
)
from consortium_operator.kube.events import Happening
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, JsonObject, ObjectKey
from consortium_operator.reconcile.announcements import announce, transitions
from consortium_operator.reconcile.chains import Body, Chains, key_of, relevant, version_of
from consortium_operator.reconcile.failures import carry_out, failed, unseen
from consortium_operator.reconcile.findings import Finding, Findings
from consortium_operator.reconcile.judgement import Evidence, Judged, judge
from consortium_operator.reconcile.node_states import NodeStates, Sight, node_states
from consortium_operator.reconcile.presence import ResourceGone
from consortium_operator.reconcile.status import Report, Status, make_status, tells_something_new
from consortium_operator.reconcile.steps import Progress, act, look
from consortium_operator.reconcile.telemetry import Observe, nobody, observation
from consortium_operator.reconcile.world import (
    Calm,
    ChainLog,
    ChainMemory,
    Presence,
    Reading,
    Round,
    Told,
    World,
)

log = logging.getLogger(__name__)

SOON = 2.0
"""Seconds to the next look while something is on its way; events of pods come by themselves."""
LATER = 15.0
"""Seconds between looks at a chain that is well, or waits for a person: nodes fail silently."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round knows at its end. `progress` is None where no plan was ever made. `trouble`:
    what cut the round short, for the queue to try again."""

    findings: Findings
    progress: Progress | None
    trouble: Exception | None = None

    @property
    def waits_for_others(self) -> bool:
        """Whether nothing that the operator does soon would help."""
        if self.progress is not None and self.progress.plan.spec.paused:
            return True
        refused = {Reason.FORBIDDEN, Reason.QUOTA_EXCEEDED, Reason.SECRET_NOT_FOUND}
        return self.findings.need_person or any(f.reason in refused for f in self.findings.found)


class Reconciler:
    """Reconciles one chain at a time for each key; remembers between rounds only to save work."""

    def __init__(self, world: World, chains: Chains, observe: Observe = nobody) -> None:
        self._world = world
        self._chains = chains
        self._observe = observe
        self._memories: dict[ChainKey, ChainMemory] = {}

    async def reconcile(self, key: ChainKey) -> float | None:
        """One round. Returns the seconds to the next one, or None. Raises what cut it short, above
        all an ApiError: the same round is to be tried again, later each time."""
        body = self._chains.get(key)
        if body is None or "deletionTimestamp" in body["metadata"]:
            # Kubernetes collects what the resource owned; keys, genesis and volumes have no owner.
            self._forget(key)
            return None
        memory = self._memory(key, body)
        try:
            outcome = await self._round(key, body, memory)
            judged = await self._tell(body, memory, outcome)
        except ResourceGone:
            self._chains.gone(body)
            self._forget(key)
            return None
        except ApiError:
            await self._announce(body, memory)
            raise
        await self._announce(body, memory)
        if outcome.trouble is not None:
            raise outcome.trouble
        memory.failures = 0
        under_way = judged[ConditionType.RECONCILING].status is ConditionStatus.TRUE
        return SOON if under_way and not outcome.waits_for_others else LATER

    def _forget(self, key: ChainKey) -> None:
        self._memories.pop(key, None)
        self._world.store.shed(key.namespace)
        self._observe(key, None)

    async def _announce(self, body: Body, memory: ChainMemory) -> None:
        happened, memory.happened = memory.happened, []
        if happened:
            await announce(self._world, memory, body, happened)

    def _memory(self, key: ChainKey, body: Body) -> ChainMemory:
        """By uid: a resource that was deleted and written anew is another one."""
        memory = self._memories.get(key)
        if memory is None or memory.uid != body["metadata"]["uid"]:
            self._forget(key)
            memory = self._memories[key] = ChainMemory(uid=body["metadata"]["uid"])
        return memory

    def _is_known(self, key: ChainKey, body: Body) -> bool:
        """Whether the resource is still there, by the watch, and is not going."""
        metadata = (self._chains.get(key) or {}).get("metadata") or {}
        is_same = metadata.get("uid") == body["metadata"]["uid"]
        return is_same and "deletionTimestamp" not in metadata

    async def _round(self, key: ChainKey, body: Body, memory: ChainMemory) -> Outcome:
        findings = Findings()
        try:
            plan = self._plan(key, body, memory, findings)
        except Exception as error:
            return Outcome(findings, None, failed(error, memory, findings))
        is_accepted = not findings.found
        if memory.plan is not None and (not is_accepted or plan == memory.plan):
            plan = memory.plan
        refusals = self._world.refusals(key.namespace)
        findings.extend(map(unseen, refusals))
        if plan is None or refusals:
            return Outcome(findings, None)
        memory.plan = plan if is_accepted else memory.plan
        run = Round(
            world=self._world,
            memory=memory,
            plan=plan,
            engine=self._world.engines[plan.engine].for_chain(plan),
            findings=findings,
            log=ChainLog(log, {"chain": str(key)}),
            generation=body["metadata"]["generation"],
            annotations=body["metadata"].get("annotations") or {},
            presence=Presence(lambda: self._is_known(key, body)),
        )
        progress = Progress(plan)
        trouble = None
        if is_accepted and not plan.spec.paused:
            trouble = await carry_out(run, act(run, progress))
        if progress.view is None:
            trouble = await carry_out(run, look(run, progress)) or trouble
        return Outcome(findings, progress, trouble)

    def _plan(
        self, key: ChainKey, body: Body, memory: ChainMemory, findings: Findings
    ) -> Plan | None:
        """The plan of the spec, if one can be made; every problem is a finding."""
        if memory.reading is None or memory.reading.body != relevant(body):
            memory.reading = self._read(body)
        plan, problems = memory.reading.plan, memory.reading.problems
        twin = self._chains.elder_twin(key)
        if twin is not None:
            message = (
                f"the chain {twin} has the same chainId and groupId, so that a transaction of "
                "one could be replayed on the other: choose another chainId"
            )
            problems = (*problems, Problem("spec.chainId", message, Reason.CHAIN_ID_NOT_UNIQUE))
        findings.extend(
            Finding(ConditionType.SPEC_VALID, one.reason, str(one), needs_person=True)
            for one in problems
        )
        return plan

    def _read(self, body: Body) -> Reading:
        try:
            chain = parse(body)
            problems = self._world.engines[chain.spec.engine].problems(chain)
            plan = None if problems else make_plan(chain, self._world.settings)
            return Reading(relevant(body), plan, problems)
        except InvalidResource as error:
            return Reading(relevant(body), None, error.problems)

    async def _tell(
        self, body: Body, memory: ChainMemory, outcome: Outcome
    ) -> dict[ConditionType, Judged]:
        states = self._states(body, outcome)
        before = _told_before(body, memory)
        judged = judge(_evidence(outcome, states, had_blocks=bool(before.get("height"))))
        now = self._world.now()
        seen = observation(judged, outcome.progress, states, memory, before, now)
        self._observe(key_of(body), seen)
        _note_calm(memory, outcome, judged, now)
        status = make_status(
            body["metadata"]["generation"], judged, _report(outcome, states), before, now
        )
        if tells_something_new(status, before, memory.height_told_at, now):
            await self._write(body, memory, status)
            memory.height_told_at = now
            memory.happened += transitions(before, status, now)
        return judged

    def _states(self, body: Body, outcome: Outcome) -> NodeStates:
        progress = outcome.progress
        if progress is None:
            return NodeStates()
        namespace = body["metadata"]["namespace"]
        sight = Sight(self._world.store, namespace, progress.custody, progress.view)
        return node_states(progress.plan.nodes, sight, outcome.findings)

    async def _write(self, body: Body, memory: ChainMemory, status: Status) -> None:
        metadata = body["metadata"]
        key = ObjectKey(CONSORTIUM_CHAIN, metadata["namespace"], metadata["name"])
        try:
            written = await self._patch(key, status, memory)
        except (Conflict, NotFound) as error:
            if isinstance(error, NotFound) and not error.names_object:
                raise
            # Deleted, or deleted and made anew: then its event is on the way, or was.
            self._chains.gone(body)
            return
        returned = dict(written.get("status") or {})
        memory.told = Told(status, returned, version_of(written))
        self._chains.expect(ChainKey(key.namespace, key.name), written, self._world.now())

    async def _patch(self, key: ObjectKey, status: Status, memory: ChainMemory) -> JsonObject:
        """Under the CRD of an earlier release without what that does not know: better than none."""
        client = self._world.client
        try:
            return await client.patch_status(key, status, uid=memory.uid)
        except Invalid as error:
            _, is_strictness, unknown = error.message.rpartition("strict decoding error: ")
            if not is_strictness:
                raise
        message = (
            "the status is told without what the installed CRD does not know: "
            f"{unknown}. Install the CRD of the operator's release"
        )
        memory.happened.append(Happening("CRDOutdated", message, self._world.now(), "Warning"))
        return await client.patch_status(key, status, uid=memory.uid, strict=False)


def _note_calm(
    memory: ChainMemory, outcome: Outcome, judged: Mapping[ConditionType, Judged], now: datetime
) -> None:
    """After a full look at a chain that is well, and where nothing was done, the next rounds may be
    quiet."""
    progress, is_well = outcome.progress, judged[ConditionType.READY].status is ConditionStatus.TRUE
    if (
        progress is not None
        and isinstance(progress.view, ChainView)
        and progress.grounds is not None
        and is_well
        and not outcome.findings.found
        and all(node.departure is None for node in progress.plan.nodes)
    ):
        settled = Settled.by(progress.view)
        memory.calm = Calm(settled, progress.grounds, progress.handed_over, now)


def _told_before(body: Body, memory: ChainMemory) -> Status:
    """What people see now: by the watch, or by our last write as long as the watch lags behind it.
    So a status that was lost on its way, or edited by hand, is noticed."""
    seen, told = _status_of(body), memory.told
    if told is not None and (version_of(body) < told.version or seen == told.returned):
        return told.wanted
    return seen


def _status_of(body: Body) -> Status:
    """A CRD that lost its schema takes anything: a status of another shape is none."""
    found = body.get("status")
    if not isinstance(found, dict):
        return {}
    conditions = found.get("conditions") or []
    is_readable = isinstance(conditions, list) and all(
        isinstance(one, dict) and isinstance(one.get("type"), str) for one in conditions
    )
    return dict(found) if is_readable else {}


def _evidence(outcome: Outcome, states: NodeStates, *, had_blocks: bool) -> Evidence:
    progress = outcome.progress
    if progress is None:
        return Evidence(outcome.findings)
    custody, plan = progress.custody, progress.plan
    return Evidence(
        findings=outcome.findings,
        plan=plan,
        sealed=progress.seal is not None,
        intact=not custody.broken
        and all(node.names.node in custody.nodes for node in plan.staying)
        and bool(custody.admins),
        certified=sum(node.names.node in progress.certificates for node in plan.staying),
        ready_pods=states.ready_pods,
        stopping=states.stopping + (states.leaving if plan.spec.hibernated else 0),
        down=states.down,
        view=progress.view,
        had_blocks=had_blocks,
        handed_over=progress.handed_over,
    )


def _report(outcome: Outcome, states: NodeStates) -> Report | None:
    progress = outcome.progress
    if progress is None:
        return None
    return Report(
        plan=progress.plan,
        custody=progress.custody,
        seal=progress.seal,
        certificates={**progress.certificates, **progress.in_use},
        view=progress.view,
        states=states.words,
    )
