"""The StatefulSet of a node: one pod, one key, no surprise restarts, no lost volume."""

from typing import Any

from consortium_operator.manifests.pod import Generations, node_pod
from consortium_operator.manifests.statefulset import stateful_set
from tests import chains


def spec() -> dict[str, Any]:
    plan = chains.plan()
    node = plan.nodes[0]
    files = chains.node_files(node)
    manifest = stateful_set(plan, node_pod(plan, node, chains.PROCESS, files, Generations()))
    found: dict[str, Any] = manifest["spec"]
    return found


def test_a_key_runs_once() -> None:
    assert spec()["replicas"] == 1


def test_a_changed_template_waits_for_the_guard() -> None:
    assert spec()["updateStrategy"] == {"type": "OnDelete"}


def test_a_pod_that_never_gets_ready_can_be_replaced() -> None:
    assert spec()["podManagementPolicy"] == "Parallel"


def test_it_neither_makes_nor_deletes_volumes() -> None:
    assert "volumeClaimTemplates" not in spec()
    assert set(spec()["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}


def test_it_selects_its_own_pod() -> None:
    selector = spec()["selector"]["matchLabels"]
    assert selector == {
        "consortium.dev/chain": "trade",
        "consortium.dev/node": "trade-huawei-node-0",
    }
    assert selector.items() <= spec()["template"]["metadata"]["labels"].items()
