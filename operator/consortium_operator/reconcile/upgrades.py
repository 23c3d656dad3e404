"""Another version of the node, in front of the rollout that brings it and behind each step of it.

Before: nodes of spec.version must be able to run the chain as it is now. Behind: a node that has
come back must say that it is of that version, else its image is not what the spec says.
"""

from collections.abc import Iterable, Mapping

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.engines.protocol import ChainCallFailed, RunningChain
from consortium_operator.reconcile.chain_view import address_of
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.world import Founded, Round


async def version_is_refused(founded: Founded, view: ChainView, journal: Journal) -> bool:
    """Whether the nodes stay as they are, and tells why. Costs nothing while all that answer are of
    spec.version. Where none answers, what the operator itself brought about is still known."""
    run, version = founded.round, founded.round.plan.spec.version
    reported = frozenset(node.version for node in view.nodes if node.version)
    if reported == {version}:
        return False
    try:
        settings = {**journal.chain.settings, **await _settings(founded, view)}
    except ChainCallFailed as error:
        message = f"version {version} waits until the chain has told its settings: {error}"
        run.findings.add(Finding(ConditionType.UP_TO_DATE, Reason.ROLLING_OUT, message))
        return True
    problems = run.engine.unfit_for(run.plan, founded.seal, RunningChain(settings, reported))
    run.findings.extend(
        Finding(ConditionType.UP_TO_DATE, one.reason, str(one), needs_person=True)
        for one in problems
    )
    return bool(problems)


async def _settings(founded: Founded, view: ChainView) -> Mapping[str, str]:
    """As the highest of the nodes that are up has them; nothing where none is."""
    run, custody = founded.round, founded.custody
    node = _highest(run, view)
    address = address_of(run, node, custody) if node is not None else ""
    if isinstance(address, str):
        return {}
    names = run.engine.settings_that_decide(run.plan)
    return await run.world.connect(run.plan).settings(*address, names, run.plan)


def _highest(run: Round, view: ChainView) -> PlannedNode | None:
    heights = {seen.node: seen.height for seen in view.nodes if seen.node_id in view.up}
    up = [node for node in run.plan.nodes if node.names.node in heights]
    return max(up, key=lambda node: heights[node.names.node], default=None)


def image_is_another(run: Round, view: ChainView | None, settled: Iterable[PlannedNode]) -> bool:
    """Whether a node that has had its turn is of another version than spec.version, and tells which
    one. Then no other node is changed."""
    version = run.plan.spec.version
    for node in settled:
        pod, seen = pod_of(run, node), view.of(node.names.node) if view is not None else None
        if pod is None or seen is None or seen.pod_uid != pod.uid:
            continue  # what was read, the pod before it may have said
        if seen.version in ("", version):
            continue
        message = (
            f"node {node.path} reports version {seen.version}, but spec.version is {version}: its "
            f"image {run.plan.image.reference} is of another version. No other node is changed; "
            "set spec.version or the image right, or take the change in the spec back"
        )
        run.findings.add(
            Finding(ConditionType.UP_TO_DATE, Reason.ROLLOUT_STUCK, message, needs_person=True)
        )
        return True
    return False
