"""What is rendered is what the operator applies, byte for byte but for its owner references."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.api.parse import parse
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import PART_LABEL, ChildPart
from consortium_operator.chain.plan import make_plan
from consortium_operator.kube.kinds import CONFIG_MAP, CONSORTIUM_CHAIN, SECRET, JsonObject
from consortium_operator.offline import keeping
from consortium_operator.offline.rendering import Rendering, render
from consortium_operator.offline.yaml_text import to_yaml
from tests import chains
from tests.fakes.cluster import FakeCluster
from tests.fakes.operator import Stage
from tests.unit.offline.conftest import Desk

# What only a running chain can tell.
RUNTIME = {ChildPart.JOURNAL}

RICH: dict[str, Any] = {
    "nodeDefaults": {"podLabels": {"team": "ledger"}, "storage": {"size": "9Gi"}},
    "networkPolicy": {"clients": [{"podSelector": {"matchLabels": {"app": "wallet"}}}]},
    "fiscoBcos": {"groupId": "g7", "config": {"txpool": {"limit": "20000"}}},
}
MEMBERS = (
    chains.member("huawei", chains.node("archive", weight=2), chains.node("beijing", count=2)),
    chains.member("webank"),
    chains.member("tencent"),
)


class RecordingCluster(FakeCluster):
    """Keeps the body of the operator's last write of each object."""

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[tuple[str, str], JsonObject] = {}

    async def create(self, obj: JsonObject) -> JsonObject:
        answer = await super().create(obj)
        self._keep(obj)
        return answer

    async def apply(self, obj: JsonObject, *, dry_run: bool = False) -> JsonObject:
        answer = await super().apply(obj, dry_run=dry_run)
        if not dry_run:
            self._keep(obj)
        return answer

    def _keep(self, obj: JsonObject) -> None:
        kept = json.loads(json.dumps(obj))
        for name in ("ownerReferences", "uid"):
            kept["metadata"].pop(name, None)
        self.written[kept["kind"], kept["metadata"]["name"]] = kept


@pytest.fixture(scope="module", params=["Standard", "SM"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """A chain that runs."""
    stage = Stage(cluster=RecordingCluster())
    spec = {**RICH, "fiscoBcos": RICH["fiscoBcos"] | {"cryptography": request.param}}
    stage.create(*MEMBERS, **spec)
    asyncio.run(stage.settle())
    return stage


def kept_of(cluster: FakeCluster) -> Iterable[JsonObject]:
    """As somebody would bring a chain's identities home, with `kubectl get`."""
    for obj in (*cluster.all(SECRET), *cluster.all(CONFIG_MAP)):
        names = ("name", "namespace", "labels", "annotations")
        metadata = {name: obj["metadata"][name] for name in names if name in obj["metadata"]}
        yield {**obj, "metadata": metadata}


def rendered_from(stage: Stage, desk: Desk) -> Rendering:
    cluster, desk.now = stage.cluster, stage.clock.now
    plan = make_plan(parse(cluster.all(CONSORTIUM_CHAIN)[0]), chains.SETTINGS)
    return render(plan, list(kept_of(cluster)), desk.surroundings())


def by_name(objects: Iterable[JsonObject]) -> dict[tuple[str, str], JsonObject]:
    found = {}
    for obj in objects:
        plain = json.loads(json.dumps(obj))
        plain["metadata"].pop("ownerReferences", None)
        found[plain["kind"], plain["metadata"]["name"]] = plain
    return found


def part_of(obj: JsonObject) -> str:
    part: str = obj["metadata"]["labels"][PART_LABEL]
    return part


def test_every_object_is_the_one_that_the_operator_applied(stage: Stage, desk: Desk) -> None:
    rendering = rendered_from(stage, desk)
    ours = by_name((*rendering.secrets, *rendering.manifests))
    assert isinstance(stage.cluster, RecordingCluster)
    theirs = stage.cluster.written
    assert ours.keys() == theirs.keys()
    for key, obj in theirs.items():
        if part_of(obj) in RUNTIME:
            continue
        obj.get("spec", {}).pop("clusterIP", None)  # known to the cluster alone
        assert to_yaml(ours[key]) == to_yaml(obj)


def test_the_journal_is_the_one_of_a_chain_that_has_not_run(stage: Stage, desk: Desk) -> None:
    rendering = rendered_from(stage, desk)
    (journal,) = (one for one in rendering.manifests if part_of(one) == ChildPart.JOURNAL)
    entries = Journal.from_data(journal["data"])
    found = {node.path: entries.of(node.names.node) for node in rendering.plan.nodes}
    assert {path: entry.intent for path, entry in found.items()} == {
        node.path: f"Sealer/{node.weight}" for node in rendering.plan.nodes
    }
    assert {entry.block for entry in found.values()} == {None}


def test_a_cluster_takes_what_was_rendered_for_the_keys_of_its_chain(desk: Desk) -> None:
    """Keys may be made at home and applied before the resource: the operator makes none."""
    rendering = desk.render(*MEMBERS, **RICH).rendering
    stage = Stage(engine=desk.engine)
    stage.clock.now = desk.now
    identities = keeping.load(desk.root / "identities", rendering.plan.key)
    assert {part_of(one) for one in identities} >= {"certificate", "client", "genesis", "register"}
    for obj in identities:
        stage.cluster.put(json.loads(json.dumps(obj)))
    stage.create(*MEMBERS, **RICH)
    asyncio.run(stage.settle())
    assert stage.told(ConditionType.READY) == "True/AsExpected"
    assert stage.status()["genesis"]["sha256"] == rendering.seal.sha256
    kept = {(one["kind"], one["metadata"]["name"]) for one in identities}
    there = {(one["kind"], one["metadata"]["name"]) for one in stage.cluster.all()}
    assert kept <= there
    assert {name for kind, name in there if kind == "Secret"} == {
        name for kind, name in kept if kind == "Secret"
    }
    certificates = {name for kind, name in there if kind == "ConfigMap" and "-cert-" in name}
    assert certificates == {name for _, name in kept if "-cert-" in name}
