"""What a paused resource asks for beyond what runs. Nothing of it is done, so no condition that
compares the chain with the spec may be true."""

from collections.abc import Mapping

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.membership import achieved_of, change_for, intent_of
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.kube.kinds import key_of
from consortium_operator.kube.projection import Observed, PodDetail, StatefulSetDetail
from consortium_operator.reconcile.apply import wanted_hash
from consortium_operator.reconcile.certificates import HeldCertificates
from consortium_operator.reconcile.desired import NodeObjects, desired_nodes
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.rollout import REVISION_LABEL
from consortium_operator.reconcile.volumes import ledgers_of, node_volumes
from consortium_operator.reconcile.world import Founded, Round


def tell_held_back(
    founded: Founded,
    view: ChainView,
    journal: Journal,
    certificates: Mapping[str, HeldCertificates],
) -> None:
    """`founded`: of the spec as it is now, with those that leave."""
    run = founded.round
    if view.height < 1:
        return
    moved = [node.path for node in run.plan.nodes if _is_moved(founded, node, view, journal)]
    _tell(run, ConditionType.MEMBERSHIP_IN_SYNC, "other members, roles or weights", moved)
    volumes = node_volumes(run, ledgers_of(run, journal))
    nodes = desired_nodes(founded, certificates, volumes, journal)
    changed = [one.node.path for one in nodes if _is_changed(run, one, view)]
    _tell(run, ConditionType.UP_TO_DATE, "another image or other settings", changed)
    _tell(run, ConditionType.UP_TO_DATE, "other settings of the chain", _settings(run, journal))


def _tell(run: Round, condition: ConditionType, what: str, concerned: list[str]) -> None:
    if concerned:
        message = (
            f"the spec asks for {what} ({', '.join(concerned)}), and nothing is changed while "
            "spec.paused is true"
        )
        run.findings.add(Finding(condition, Reason.PENDING, message))


def _is_moved(founded: Founded, node: PlannedNode, view: ChainView, journal: Journal) -> bool:
    """What others changed on the chain since is told as such, and a rebuild is no edit."""
    register, entry = founded.custody.nodes.get(node.names.node), journal.of(node.names.node)
    if register is None:
        return node.departure is None
    is_so = change_for(node, register.node_id).holds(view.members)
    return not is_so and entry.rebuilding is None and achieved_of(entry) != intent_of(node)


def _settings(run: Round, journal: Journal) -> list[str]:
    achieved = journal.chain.settings
    wanted = (setting.change for setting in run.engine.wanted_settings(run.plan))
    return sorted(one.key for one in wanted if achieved.get(one.key) != one.value)


def _is_changed(run: Round, objects: NodeObjects, view: ChainView) -> bool:
    pod, template = pod_of(run, objects.node), run.world.store.get(key_of(objects.stateful_set))
    if pod is None or template is None:
        return False  # it is down, and told as such
    return objects.node.is_stopped or not (
        _is_of(pod, template) and _is_as_asked(run, objects, pod, view)
    )


def _is_of(pod: Observed, template: Observed) -> bool:
    """Whether its node has had its turn, where the pause came amid a rollout."""
    detail = template.detail
    revision = detail.update_revision if isinstance(detail, StatefulSetDetail) else None
    return pod.labels.get(REVISION_LABEL) == revision


def _is_as_asked(run: Round, objects: NodeObjects, pod: Observed, view: ChainView) -> bool:
    """By what was written last. An operator that starts on a paused resource has written nothing:
    it goes by the settings that the pod has, and the version that its node tells."""
    applied = run.memory.applied.get(key_of(objects.stateful_set))
    if applied is not None:
        return applied.wanted == wanted_hash(objects.stateful_set)
    seen, detail = view.of(objects.node.names.node), pod.detail
    version = seen.version if seen is not None else ""
    mounted = detail.config_maps if isinstance(detail, PodDetail) else ()
    return version in ("", run.plan.spec.version) and key_of(objects.config).name in mounted
