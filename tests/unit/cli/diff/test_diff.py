"""`consortium diff`: the operator's own steps say what it would change, on public objects alone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_operator.kube.errors import Forbidden, Unavailable
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    DEPLOYMENT,
    PERSISTENT_VOLUME_CLAIM,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    JsonObject,
    ObjectKey,
)
from tests.chains import SETTINGS
from tests.fakes.operator import Stage
from tests.unit.cli.cluster import connect_to
from tests.unit.cli.commands import Done, consortium
from tests.unit.cli.doctor.healthy import deployment
from tests.unit.cli.person import PersonCluster

NODE = "trade-webank-node-0"
FOUNDED: list[Stage] = []


def founded() -> Stage:
    """A chain of four members that runs, and an operator that is done with it."""
    if not FOUNDED:
        stage = Stage(cluster=PersonCluster())
        stage.create()
        asyncio.run(stage.settle())
        FOUNDED.append(stage)
    return FOUNDED[0]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[PersonCluster]:
    """The cluster of that chain, for a caller who may read it."""
    found = PersonCluster()
    for obj in founded().cluster.all():
        if obj["kind"] != SECRET.kind:
            found._create(obj, "consortium-operator", "operator")
    install(found)
    connect_to(found, monkeypatch)
    yield found
    assert SECRET not in found.listed
    assert not any("Secret" in str(call.key) for call in found.calls)


def install(found: PersonCluster) -> None:
    """The operator, with its catalogue of images."""
    volume = {"name": "image-catalogue", "configMap": {"name": "catalogue"}}
    made = deployment(**{"app.kubernetes.io/name": "consortium-operator"})
    made["metadata"]["namespace"] = SETTINGS.operator_namespace
    made["spec"]["template"]["spec"]["volumes"] = [volume]
    found.others[DEPLOYMENT] = [made]
    catalogue = yaml.safe_dump(dict(SETTINGS.image_catalogue))
    metadata = {"name": "catalogue", "namespace": SETTINGS.operator_namespace}
    data = {"image-catalogue.yaml": catalogue}
    found.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def metrics_service() -> JsonObject:
    return {
        "metadata": {
            "name": "metrics",
            "namespace": SETTINGS.operator_namespace,
            "labels": {"app.kubernetes.io/name": "consortium-operator"},
        },
        "spec": {"ports": [{"name": "metrics"}]},
    }


def diff(*words: object) -> Done:
    return consortium("diff", "trade", *words)


def edited(there: PersonCluster, path: Path, **spec: Any) -> Path:
    """The chain's file with another spec."""
    body = there.find(CONSORTIUM_CHAIN, "trade")
    assert body is not None
    metadata = {"name": "trade", "namespace": "chains"}
    kept = {name: body[name] for name in ("apiVersion", "kind")}
    path.write_text(yaml.safe_dump({**kept, "metadata": metadata, "spec": body["spec"] | spec}))
    return path


def test_where_the_operator_is_done_nothing_differs(there: PersonCluster) -> None:
    done = diff()
    assert done.code == 0, done.stdout
    assert done.stdout.startswith("chains/trade: no difference\n")


def test_an_edit_shows_the_lines_of_the_files_and_who_restarts(
    there: PersonCluster, tmp_path: Path
) -> None:
    config = {"txpool": {"limit": "20000"}}
    file = edited(there, tmp_path / "chain.yaml", fiscoBcos={"config": config})
    done = diff("--file", file)
    assert done.code == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert 'spec.fiscoBcos.config.txpool: absent → {"limit": "20000"}' in lines
    assert "-limit=15000" in [line.replace(" ", "") for line in lines]
    assert "+limit=20000" in [line.replace(" ", "") for line in lines]
    for member in ("huawei", "ping-an", "tencent", "webank"):
        assert f"~ StatefulSet trade-{member}-node-0: restarts {member}/node-0" in lines


def test_programs_read_the_same(there: PersonCluster, tmp_path: Path) -> None:
    file = edited(there, tmp_path / "chain.yaml", nodeDefaults={"podLabels": {"team": "ledger"}})
    found = diff("-f", file, "-o", "json").json
    assert {one["kind"] for one in found["cluster"]} == {"StatefulSet"}
    assert found == diff("-f", file, "-o", "yaml").yaml


def test_what_somebody_edited_by_hand_is_told_with_their_name(there: PersonCluster) -> None:
    there.edit(CONFIG_MAP, f"{NODE}-peers", lambda obj: obj["data"].update({"nodes.json": "{}"}))
    done = diff()
    assert done.code == 1
    assert f"~ ConfigMap {NODE}-peers: others wrote into it: kubectl-edit" in done.stdout


def test_what_is_gone_would_be_made_again(there: PersonCluster) -> None:
    there.delete_by_hand(SERVICE, NODE)
    done = diff()
    assert done.code == 1
    assert f"+ Service {NODE}" in done.stdout


@pytest.mark.parametrize("is_pinned", [True, False])
def test_volumes_that_are_lost_are_not_told_as_made_again(
    there: PersonCluster, tmp_path: Path, is_pinned: bool
) -> None:
    """Of a restore without volumes the journal may be missing too; a pin still says that there
    were some."""
    there.delete_by_hand(CONFIG_MAP, "trade-journal")
    lost = sorted(one["metadata"]["name"] for one in there.all(PERSISTENT_VOLUME_CLAIM))
    for name in lost if is_pinned else lost[1:]:
        there.delete_by_hand(PERSISTENT_VOLUME_CLAIM, name)
    there.delete_by_hand(STATEFUL_SET, NODE)
    body = there.find(CONSORTIUM_CHAIN, "trade")
    assert body is not None
    pin = {"genesisSha256": body["status"]["genesis"]["sha256"]} if is_pinned else {}
    done = diff("-f", edited(there, tmp_path / "chain.yaml", fiscoBcos=pin))
    assert "PersistentVolumeClaim" not in done.stdout
    assert "StatefulSet" not in done.stdout


def test_another_weight_is_a_matter_of_the_chain(there: PersonCluster, tmp_path: Path) -> None:
    body = there.find(CONSORTIUM_CHAIN, "trade")
    assert body is not None
    members = body["spec"]["members"]
    next(one for one in members if one["name"] == "webank")["nodes"][0]["weight"] = 2
    done = diff("-f", edited(there, tmp_path / "chain.yaml", members=members))
    assert done.code == 1
    assert "webank/node-0: Sealer of weight 1 → Sealer of weight 2 (by the journal)" in done.stdout


def test_a_new_node_is_told_as_what_cannot_be_compared(
    there: PersonCluster, tmp_path: Path
) -> None:
    body = there.find(CONSORTIUM_CHAIN, "trade")
    assert body is not None
    members = [*body["spec"]["members"], {"name": "newcomer", "nodes": [{"name": "node"}]}]
    done = diff("-f", edited(there, tmp_path / "chain.yaml", members=members))
    assert "newcomer/node-0: not known yet → Sealer of weight 1" in done.stdout
    assert "newcomer/node-0: its key or certificate is still to be made" in done.stdout


def test_an_image_that_the_pods_do_not_run_yet_is_told(
    there: PersonCluster, tmp_path: Path
) -> None:
    file = edited(there, tmp_path / "chain.yaml", version="3.15.2")
    done = diff("-f", file)
    assert "webank/node-0: image: registry.example/" in done.stdout
    assert "(by the pod)" in done.stdout


def test_what_the_chain_itself_says_counts_more_than_the_journal(there: PersonCluster) -> None:
    there.others[SERVICE] = [metrics_service()]
    node = 'namespace="chains",chain="trade",member="webank",node="node-0"'
    there.answers = (
        'consortium_chain_last_read_timestamp_seconds{namespace="chains",chain="trade"} 1.0\n'
        f'consortium_node_role{{{node},role="Observer"}} 1.0\n'
        f"consortium_node_weight{{{node}}} 0.0\n"
        f'consortium_node_info{{{node},pod="p",version="3.15.2"}} 1.0\n'
    )
    done = diff()
    assert done.code == 1
    assert "webank/node-0: Observer → Sealer of weight 1 (by the operator's metrics)" in done.stdout
    assert "webank/node-0: version: 3.15.2 → 3.16.4 (by the operator's metrics)" in done.stdout


def test_of_two_operators_the_one_that_waits_is_not_asked(there: PersonCluster) -> None:
    there.answers = "consortium_operator_active 0.0\n"
    there.others[SERVICE] = [metrics_service()]
    assert "waits for the Lease of another" in diff().stdout


def test_what_the_founding_forbids_is_refused_and_changes_nothing_else(
    there: PersonCluster, tmp_path: Path
) -> None:
    file = edited(there, tmp_path / "chain.yaml", chainId="another")
    found = diff("-f", file, "-o", "json").json
    assert found["refused"]
    assert found["cluster"] == []


def test_without_the_catalogue_the_image_that_runs_stands_in(there: PersonCluster) -> None:
    there.refused[DEPLOYMENT] = Forbidden(403, "Forbidden", "no", "list", DEPLOYMENT)
    done = diff()
    assert done.code == 0
    assert "the image of version 3.16.4: you may not list deployments" in done.stdout


def test_a_chain_without_a_genesis_is_all_still_to_be_made(there: PersonCluster) -> None:
    for name in ("trade-genesis", "trade-genesis-copy"):
        there.remove(ObjectKey(CONFIG_MAP, "chains", name))
    done = diff()
    assert done.code == 1
    assert "it is not founded" in done.stdout


def test_a_chain_of_the_file_that_is_not_there_yet_is_all_difference(
    there: PersonCluster, tmp_path: Path
) -> None:
    file = edited(there, tmp_path / "chain.yaml")
    there.remove(ObjectKey(CONSORTIUM_CHAIN, "chains", "trade"))
    done = diff("--file", file)
    assert (done.code, done.stderr) == (1, "")
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert 'spec.version: absent → "3.16.4"' in lines
    assert "the resource is not there" in lines[-1]
    assert diff().code == 2


def test_a_file_without_a_namespace_is_of_the_one_that_it_would_be_applied_to(
    there: PersonCluster, tmp_path: Path
) -> None:
    file = edited(there, tmp_path / "chain.yaml")
    file.write_text(file.read_text().replace("  namespace: chains\n", ""))
    assert diff("--file", file).code == 0


def test_trouble_is_told_apart_from_a_difference(there: PersonCluster, tmp_path: Path) -> None:
    assert consortium("diff", "nobody").code == 2
    other = tmp_path / "other.yaml"
    text = edited(there, tmp_path / "chain.yaml").read_text()
    other.write_text(text.replace("name: trade", "name: other"))
    assert diff("-f", other).code == 2
    there.refused[STATEFUL_SET] = Forbidden(403, "Forbidden", "no", "list", STATEFUL_SET)
    assert diff().code == 2
    there.refused[STATEFUL_SET] = Unavailable(0, "NoAnswer", "refused", "list", STATEFUL_SET)
    assert diff().code == 3


def test_a_file_that_is_wrong_is_told_before_a_cluster_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = diff("--file", tmp_path / "chain.yaml")
    assert (done.code, done.stderr) == (
        2,
        f"error: {tmp_path / 'chain.yaml'}: no such file or directory\n",
    )
