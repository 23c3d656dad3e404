"""How each node is doing: from its pod and its answers to one word and, where down, a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.plan import Departure, PlannedNode
from consortium_operator.chain.view import CATCH_UP_BLOCKS, Look
from consortium_operator.kube.kinds import POD, STATEFUL_SET, ObjectKey
from consortium_operator.kube.projection import Observed, PodDetail, StatefulSetDetail
from consortium_operator.kube.store import Store
from consortium_operator.reconcile.findings import Finding, Findings
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.world import Custody, Round

_IMAGE_TROUBLE = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
)


_START_TROUBLE = _IMAGE_TROUBLE | {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
}


_DEPARTURES = {Departure.LEAVING: "Leaving", Departure.OUT: "Left"}


@dataclass(slots=True)
class NodeStates:
    """By full object name: a word for the status. By path: why a node takes no part. `stopping`:
    pods that are there though the spec wants none; `leaving`: those of nodes that leave."""

    words: dict[str, str] = field(default_factory=dict)
    down: dict[str, str] = field(default_factory=dict)
    ready_pods: int = 0
    stopping: int = 0
    leaving: int = 0


@dataclass(frozen=True, slots=True)
class Sight:
    """What the state of nodes is read from."""

    store: Store
    namespace: str
    custody: Custody
    view: Look | None

    def is_member(self, node: PlannedNode) -> bool:
        """Whether the chain has the node, or cannot be asked. What is not taken in yet is not down:
        that it joins is told as such."""
        register = self.custody.nodes.get(node.names.node)
        return self.view is None or register is None or self.view.has_member(register.node_id)

    def pod(self, node: PlannedNode) -> Observed | None:
        return self.store.get(ObjectKey(POD, self.namespace, node.names.pod))


def sight_of(run: Round, known: Knowledge) -> Sight:
    return Sight(run.world.store, run.key.namespace, known.custody, known.view)


def node_states(nodes: Iterable[PlannedNode], sight: Sight, findings: Findings) -> NodeStates:
    """Pods that cannot start for a reason of the cluster's are findings of their own."""
    states = NodeStates()
    for node in nodes:
        pod = sight.pod(node)
        detail = pod.detail if pod is not None and isinstance(pod.detail, PodDetail) else None
        if node.departure is not None:
            states.words[node.names.node] = _DEPARTURES[node.departure]
            states.leaving += pod is not None
            continue
        if node.is_stopped:
            states.words[node.names.node] = "Stopped" if pod is None else "Stopping"
            states.stopping += pod is not None
            continue
        states.ready_pods += detail is not None and detail.ready
        trouble = _pod_trouble(node, detail)
        if trouble is not None:
            findings.add(trouble)
        word, why = _state(node, sight, detail)
        states.words[node.names.node] = word if sight.is_member(node) else "Joining"
        if why is not None and sight.is_member(node):
            states.down[node.path] = why
    return states


def cannot_start(pod: Observed | None) -> bool:
    """Whether Kubernetes says of a pod that it tries in vain."""
    detail = pod.detail if pod is not None else None
    if not isinstance(detail, PodDetail):
        return False
    return bool(detail.unschedulable) or detail.reason in _START_TROUBLE


def why_down(node: PlannedNode, sight: Sight) -> str | None:
    """Why a node takes no part, in a few words."""
    pod = sight.pod(node)
    detail = pod.detail if pod is not None and isinstance(pod.detail, PodDetail) else None
    trouble = _pod_trouble(node, detail)
    return trouble.message if trouble is not None else _state(node, sight, detail)[1]


def _pod_trouble(node: PlannedNode, pod: PodDetail | None) -> Finding | None:
    if pod is None:
        return None
    if pod.unschedulable:
        return Finding(
            ConditionType.NODES_READY,
            Reason.UNSCHEDULABLE,
            f"pod {node.names.pod} finds no place: {pod.unschedulable}",
        )
    if pod.reason in _IMAGE_TROUBLE:
        return Finding(
            ConditionType.NODES_READY,
            Reason.IMAGE_PULL,
            f"pod {node.names.pod} cannot get its image: {pod.reason}: {pod.message}",
        )
    return None


def _state(node: PlannedNode, sight: Sight, pod: PodDetail | None) -> tuple[str, str | None]:
    """(word, why it is down or None)."""
    if pod is None:
        return "Pending", _why_no_pod(node, sight)
    register = sight.custody.nodes.get(node.names.node)
    seen = sight.view.of(node.names.node) if sight.view is not None else None
    if sight.view is None or register is None or seen is None:
        return "Starting", "it has not been asked yet"
    if seen.problem is not None:
        word = "Starting" if pod.phase == "Pending" else "Down"
        return word, _told(pod, seen.problem)
    if register.node_id in sight.view.live:
        return "Live", None
    if register.node_id in sight.view.up:
        return "Up", "no quorum of the others sees it"
    if seen.block0_text != sight.view.block0_text:
        return "Foreign", "it runs another genesis"
    if seen.genesis_hash != sight.view.genesis_hash:
        return "Lost", "it has another genesis hash than the others"
    # Without the heights: they would make every round of a long catching-up a write.
    return "CatchingUp", f"it is more than {CATCH_UP_BLOCKS} blocks behind"


def _why_no_pod(node: PlannedNode, sight: Sight) -> str:
    """A quota, a LimitRange, Pod Security or a webhook may refuse it: the controller of its
    StatefulSet tells that by Events alone, which the operator has no right to read."""
    found = sight.store.get(ObjectKey(STATEFUL_SET, sight.namespace, node.names.node))
    detail = found.detail if found is not None else None
    was_tried = isinstance(detail, StatefulSetDetail) and (
        detail.replicas > 0 and detail.observed_generation == detail.generation
    )
    if not was_tried:
        return "it has no pod"
    return "it has no pod: the events of its StatefulSet say why (kubectl describe statefulset)"


def _told(pod: PodDetail, problem: str) -> str:
    return f"{problem} ({pod.reason})" if pod.reason else problem
