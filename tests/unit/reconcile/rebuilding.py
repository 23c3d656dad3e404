"""What tests of nodes that are built anew do to volumes and ask of the chain."""

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.changes import MemberChange, Members, Standing
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    JsonObject,
    ObjectKey,
)
from tests.fakes.operator import Stage

WEBANK, TENCENT, HUAWEI = (f"trade-{name}-node-0" for name in ("webank", "tencent", "huawei"))
NODES, READY = ConditionType.NODES_READY, ConditionType.READY
IN_SYNC, UP_TO_DATE = ConditionType.MEMBERSHIP_IN_SYNC, ConditionType.UP_TO_DATE


def lose(stage: Stage, *nodes: str, generation: int = 1) -> JsonObject:
    """The claims and all that was on them, and the pods with them. Returns the last claim."""
    for node in nodes:
        claim = stage.cluster.delete_by_hand(PERSISTENT_VOLUME_CLAIM, f"{node}-data-g{generation}")
        stage.cluster.remove(ObjectKey(POD, "chains", f"{node}-0"))
    return claim


def restored(claim: JsonObject) -> JsonObject:
    metadata = {k: claim["metadata"][k] for k in ("name", "namespace", "labels", "annotations")}
    return claim | {"metadata": metadata}


def say(stage: Stage, words: str | None) -> None:
    stage.annotate("consortium.dev/move-node", words)


def node_id(stage: Stage, node: str) -> str:
    register = stage.cluster.find(CONFIG_MAP, f"{node}-identity")
    assert register is not None
    found: str = register["data"]["node_id"]
    return found


def weight(stage: Stage, node: str) -> int | None:
    """On the chain; None for an observer."""
    return stage.nodes.members("trade", "chains").sealers.get(node_id(stage, node))


def volumes(stage: Stage, node: str) -> list[str]:
    names = [claim["metadata"]["name"] for claim in stage.cluster.all(PERSISTENT_VOLUME_CLAIM)]
    return [name.removeprefix(f"{node}-data-") for name in names if name.startswith(node)]


def mounted(stage: Stage, node: str) -> str:
    pod = stage.cluster.find(POD, f"{node}-0")
    assert pod is not None
    claim: str = next(
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    )
    return claim.removeprefix(f"{node}-data-")


def entry(stage: Stage, node: str) -> JournalEntry:
    found = stage.cluster.find(CONFIG_MAP, "trade-journal")
    assert found is not None
    return Journal.from_data(found["data"]).of(node)


def changes(stage: Stage, node: str) -> list[tuple[Standing, int]]:
    """What was asked of the chain for the node."""
    its = node_id(stage, node)
    return [(one.standing, one.weight) for one in asked(stage) if one.node_id == its]


def asked(stage: Stage) -> list[MemberChange]:
    return [one for one in stage.nodes.enacted if isinstance(one, MemberChange)]


def still_syncing(stage: Stage, node: str) -> None:
    stage.nodes.scripted[node] = {"height": 0, "latest_hash": ""}


async def until_made(stage: Stage, node: str, generation: int) -> None:
    for _ in range(20):
        if f"g{generation}" in volumes(stage, node):
            return
        await stage.round()
    raise AssertionError(stage.status())


def told(stage: Stage, reason: str) -> list[str]:
    return [event["message"] for event in stage.cluster.events if event["reason"] == reason]


async def as_observer(stage: Stage, node: str) -> None:
    """Somebody has made it one; the operator has seen that."""
    its, before = node_id(stage, node), stage.nodes.members("trade", "chains")
    sealers = {one: weight for one, weight in before.sealers.items() if one != its}
    stage.nodes._members["chains", "trade"] = Members(sealers, frozenset({its}))
    await stage.settle()


BACK_AND_FORTH = [(Standing.OBSERVER, 1), (Standing.SEALER, 1)]
