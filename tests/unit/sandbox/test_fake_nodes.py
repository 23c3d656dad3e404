"""Nodes that are objects only: what they say of themselves, and how their number changes."""

import json
import re

import pytest
import yaml
from kubernetes.client import V1Node

from consortium_sandbox import SandboxError, fake_nodes


class Cluster:
    """Takes what kubectl is told to apply and delete."""

    def __init__(self, *nodes: str) -> None:
        self.nodes = set(nodes)

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        match words:
            case ["apply", *_]:
                assert stdin is not None
                self.nodes |= {item["metadata"]["name"] for item in json.loads(stdin)["items"]}
            case ["delete", "node", _, *names]:
                self.nodes -= set(names)
        return "\n".join(f"node/{name}" for name in self.nodes)


@pytest.mark.parametrize(("before", "after"), [(0, 3), (2, 3), (3, 3), (12, 3), (3, 0)])
def test_there_are_as_many_as_wanted(before: int, after: int) -> None:
    cluster = Cluster(*fake_nodes.names(before))
    fake_nodes.ensure(cluster, after)
    assert cluster.nodes == fake_nodes.names(after)


def test_nothing_is_written_where_nothing_is_missing() -> None:
    told = []

    def kubectl(*words: str, stdin: str | None = None) -> str:
        told.append(words[0])
        return "node/fake-1\n"

    fake_nodes.ensure(kubectl, 1)
    assert told == ["get"]


def test_a_fake_node_is_one_that_kubernetes_knows() -> None:
    V1Node.model_validate(fake_nodes.node(1))


def test_no_pod_lands_there_that_does_not_say_it_may() -> None:
    (taint,) = fake_nodes.node(1)["spec"]["taints"]
    assert taint["effect"] == "NoSchedule"


def test_fake_nodes_are_spread_over_many_zones() -> None:
    labels = [fake_nodes.node(index)["metadata"]["labels"] for index in range(1, 201)]
    assert len({each["topology.kubernetes.io/zone"] for each in labels}) == 25


def test_kwok_plays_the_fake_nodes_and_no_other() -> None:
    command = fake_nodes.command("kwok", "kubeconfig", "stages")
    annotations = fake_nodes.node(1)["metadata"]["annotations"]
    ((key, value),) = annotations.items()
    assert f"--manage-nodes-with-annotation-selector={key}={value}" in command
    assert not any("manage-all-nodes" in word for word in command)


def test_every_stage_is_of_nodes_or_pods_and_has_a_name_of_its_own() -> None:
    stages = list(yaml.safe_load_all(fake_nodes.stages()))
    assert {stage["spec"]["resourceRef"]["kind"] for stage in stages} == {"Node", "Pod"}
    names = [stage["metadata"]["name"] for stage in stages]
    assert len(set(names)) == len(names)


def test_every_block_of_a_template_is_closed() -> None:
    for stage in yaml.safe_load_all(fake_nodes.stages()):
        template = stage["spec"]["next"].get("statusTemplate", "")
        opened = re.findall(r"{{ (?:range|with|if) ", template)
        assert len(opened) == template.count("{{ end }}")


@pytest.mark.parametrize("asked", [-1, 1001])
def test_more_than_the_machine_can_take_is_refused(asked: int) -> None:
    with pytest.raises(SandboxError, match=f"0 to 1000 fake nodes, not {asked}"):
        fake_nodes.wanted(0, asked)
