"""The provisioner's decisions, against an API server made of lists."""

import copy
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import V1PersistentVolume

from consortium_sandbox.embedded import addons
from consortium_sandbox.embedded.topology import Topology
from consortium_sandbox.volumes import run_once, volume_name

UID = "11111111-2222-3333-4444-555555555555"


class Lists:
    """An API server with just enough behaviour: what is created can be listed."""

    def __init__(self, *claims: dict[str, Any]) -> None:
        self.claims_there = list(claims)
        self.volumes_there: list[dict[str, Any]] = []

    def classes(self) -> list[Any]:
        everything = addons.objects(Topology("demo", 0, 0))
        foreign = {"metadata": {"name": "foreign"}, "provisioner": "example.org/disks"}
        return [foreign, *(manifest for _, manifest in everything)]

    def claims(self) -> list[Any]:
        return self.claims_there

    def volumes(self) -> list[Any]:
        return self.volumes_there

    def create(self, volume: Any) -> None:
        self.volumes_there.append(copy.deepcopy(volume))

    def delete(self, name: str) -> None:
        self.volumes_there = [v for v in self.volumes_there if v["metadata"]["name"] != name]

    def grow(self, claim: Any, size: str) -> None:
        claim["status"]["capacity"]["storage"] = size


def claim(storage_class: str = "standard", node: str | None = "node-2") -> dict[str, Any]:
    annotations = {"volume.kubernetes.io/selected-node": node} if node else {}
    return {
        "metadata": {"name": "data", "namespace": "n", "uid": UID, "annotations": annotations},
        "spec": {
            "storageClassName": storage_class,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Gi"}},
        },
        "status": {"phase": "Pending"},
    }


def affinity(volume: dict[str, Any]) -> tuple[str, list[str]]:
    (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    (expression,) = term["matchExpressions"]
    return expression["key"], expression["values"]


def test_a_claim_whose_pod_was_scheduled_gets_a_volume_and_a_directory(tmp_path: Path) -> None:
    api = Lists(claim())
    run_once(api, tmp_path)
    (volume,) = api.volumes_there
    assert volume["spec"]["local"]["path"] == str(tmp_path / volume["metadata"]["name"])
    assert (tmp_path / volume_name(claim())).is_dir()
    assert volume["spec"]["claimRef"]["uid"] == UID
    assert affinity(volume) == ("kubernetes.io/os", ["linux"])
    V1PersistentVolume.model_validate(volume)


def test_a_second_look_makes_nothing_new(tmp_path: Path) -> None:
    api = Lists(claim())
    run_once(api, tmp_path)
    run_once(api, tmp_path)
    assert len(api.volumes_there) == 1


def test_a_pinned_volume_names_the_node_of_its_first_pod(tmp_path: Path) -> None:
    api = Lists(claim("pinned"))
    run_once(api, tmp_path)
    assert affinity(api.volumes_there[0]) == ("kubernetes.io/hostname", ["node-2"])


@pytest.mark.parametrize("waiting", [claim(node=None), claim("foreign"), claim("unknown")])
def test_other_claims_are_left_alone(tmp_path: Path, waiting: dict[str, Any]) -> None:
    api = Lists(waiting)
    run_once(api, tmp_path)
    assert not api.volumes_there
    assert not list(tmp_path.iterdir())


def test_a_bound_claim_grows_to_what_it_asks_for(tmp_path: Path) -> None:
    bound = claim()
    bound["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    run_once(Lists(bound), tmp_path)
    assert bound["status"]["capacity"]["storage"] == "2Gi"


def released(tmp_path: Path, **spec: Any) -> Lists:
    api = Lists(claim())
    run_once(api, tmp_path)
    (volume,) = api.volumes_there
    (tmp_path / volume["metadata"]["name"] / "block").write_text("1")
    volume["status"] = {"phase": "Released"}
    volume["spec"].update(spec)
    api.claims_there.clear()
    return api


def test_a_released_volume_goes_away_with_its_directory(tmp_path: Path) -> None:
    api = released(tmp_path)
    run_once(api, tmp_path)
    assert not api.volumes_there
    assert not list(tmp_path.iterdir())


def test_a_released_volume_that_is_to_be_kept_is_kept(tmp_path: Path) -> None:
    api = released(tmp_path, persistentVolumeReclaimPolicy="Retain")
    run_once(api, tmp_path)
    assert len(api.volumes_there) == 1
    assert (tmp_path / volume_name(claim()) / "block").exists()


@pytest.mark.parametrize("name", ["..", "pvc-../x", "other"])
def test_no_directory_is_deleted_under_a_name_that_is_not_ours(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "volumes"
    inside.mkdir()
    (tmp_path / "precious").write_text("1")
    api = released(inside)
    api.volumes_there[0]["metadata"]["name"] = name
    run_once(api, inside)
    assert (tmp_path / "precious").exists()
    assert len(api.volumes_there) == 1


def test_a_volume_that_somebody_else_made_is_left_alone(tmp_path: Path) -> None:
    api = released(tmp_path)
    api.volumes_there[0]["metadata"]["annotations"] = {}
    run_once(api, tmp_path)
    assert len(api.volumes_there) == 1
