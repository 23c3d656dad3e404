"""A member that brings its CAs and its node's key, and what its owner does with their Secrets."""

from collections.abc import Mapping
from typing import Any

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.errors import ApiError, Forbidden
from consortium_operator.kube.kinds import CONFIG_MAP, POD, SECRET, STATEFUL_SET
from tests import chains
from tests.brought import Brought, ecdsa, node_pem, secret
from tests.fakes.faults import Call
from tests.fakes.objects import OPERATOR
from tests.fakes.operator import Stage

INTACT = ConditionType.IDENTITIES_INTACT
READY = ConditionType.READY
CERTIFICATES = ConditionType.CERTIFICATES_VALID

NODE_CA, CLIENT_CA = Brought(ecdsa(1), "WeBank nodes"), Brought(ecdsa(2), "WeBank clients")
ROOT = Brought(ecdsa(3), "WeBank root")
SECRETS: Mapping[str, Mapping[str, bytes]] = {
    "webank-nodes": NODE_CA.files(),
    "webank-clients": CLIENT_CA.files(root=CLIENT_CA),
    "webank-key": {"node.pem": node_pem(1)},
}
REGISTER = "trade-webank-node-ca-1"


def webank(**fields: Any) -> dict[str, Any]:
    """A member that brings all it can."""
    return (
        chains.member("webank", chains.node("node", identity={"secretName": "webank-key"}))
        | {
            "certificateAuthority": {"secretName": "webank-nodes"},
            "clientAuthority": {"secretName": "webank-clients"},
        }
        | fields
    )


def others(*names: str) -> list[dict[str, Any]]:
    return [chains.member(name) for name in names or ("huawei", "ping-an", "tencent")]


def bring(stage: Stage, **changed: Mapping[str, bytes] | None) -> None:
    """All of SECRETS, some with other content (by name with underscores; None: not at all)."""
    found = dict(SECRETS) | {name.replace("_", "-"): files for name, files in changed.items()}
    for name, files in found.items():
        if files is not None:
            stage.cluster.put(secret(name, files))


def refill(stage: Stage, name: str, files: Mapping[str, bytes]) -> None:
    """As its owner, or cert-manager, edits a Secret in place."""
    stage.cluster.edit(SECRET, name, lambda obj: obj.update(data=secret(name, files)["data"]))


async def slow_resync(stage: Stage) -> None:
    stage.clock.advance(minutes=31)
    await stage.settle(rounds=80)


FOUNDED: list[Stage] = []


async def founded_on_brought_keys() -> Stage:
    """A chain of four members that runs; webank brought its CAs and its key."""
    if not FOUNDED:
        founded = Stage()
        bring(founded)
        founded.create(*others(), webank())
        await founded.settle()
        FOUNDED.append(founded)
    stage = FOUNDED[0].copy()
    stage.cluster.evictions.clear()
    return stage


def written_secrets(stage: Stage) -> set[str]:
    """By the operator, ever."""
    return {
        event.key.name
        for event in stage.cluster.history
        if event.key.kind == SECRET and event.actor == OPERATOR
    }


def data_of(stage: Stage, kind: Any, name: str) -> dict[str, str]:
    found = stage.cluster.find(kind, name)
    assert found is not None, name
    data: dict[str, str] = found["data"]
    return data


def certificates_of(stage: Stage, node: str) -> list[dict[str, str]]:
    return [
        obj["data"]
        for obj in stage.cluster.all(CONFIG_MAP)
        if obj["metadata"]["name"].startswith(f"{node}-cert-")
    ]


def mounted(stage: Stage, node: str, key: str) -> str:
    """The object from which a node's pod gets a file."""
    found = stage.cluster.find(STATEFUL_SET, node)
    assert found is not None
    for volume in found["spec"]["template"]["spec"]["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            ((_, one),) = source.items()
            if any(item["key"] == key for item in one.get("items", [])):
                name: str = one["name"]
                return name
    raise AssertionError(f"{node} mounts no {key}")


def only_the_status_was_written(stage: Stage) -> bool:
    return {write.split()[0] for write in stage.cluster.writes} <= {"patch-status"}


def pods(stage: Stage) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in stage.cluster.all(POD)}


def forbidden(call: Call) -> ApiError:
    return Forbidden(403, "Forbidden", "sorry", call.verb, call.key)
