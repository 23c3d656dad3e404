"""What holds for every object of a chain."""

import json
from dataclasses import replace
from typing import Any

import pytest
from kubernetes.client import models

from consortium_operator.chain import naming
from consortium_operator.manifests import Manifest, is_create_only
from tests import chains
from tests.golden import check_golden, to_yaml
from tests.whole_chain import small_plan, whole_chain

MODELS: dict[str, Any] = {
    "ConfigMap": models.V1ConfigMap,
    "NetworkPolicy": models.V1NetworkPolicy,
    "PersistentVolumeClaim": models.V1PersistentVolumeClaim,
    "PodDisruptionBudget": models.V1PodDisruptionBudget,
    "Secret": models.V1Secret,
    "Service": models.V1Service,
    "StatefulSet": models.V1StatefulSet,
}

OBJECTS = whole_chain(small_plan())
IDS = [f"{o['kind']}-{o['metadata']['name']}" for o in OBJECTS]


@pytest.fixture(params=OBJECTS, ids=IDS)
def manifest(request: pytest.FixtureRequest) -> Manifest:
    found: Manifest = request.param
    return found


def values(value: Any) -> list[Any]:
    """All values inside `value`, containers included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(v for entry in inner for v in values(entry))]


def test_the_chain_renders_as_it_was_reviewed() -> None:
    check_golden("manifests/whole-chain.yaml", to_yaml(OBJECTS))


def test_kubernetes_knows_every_field(manifest: Manifest) -> None:
    model = MODELS[manifest["kind"]].model_validate(manifest)
    # Back in the API's own spelling: the models also take Python's names, the API server does not.
    assert json.loads(model.to_json()) == manifest


def test_a_misspelt_field_would_be_noticed() -> None:
    service = next(o for o in OBJECTS if o["kind"] == "Service")
    spec = service["spec"] | {"publishNotReadyAdresses": True}
    with pytest.raises(ValueError, match="publishNotReadyAdresses"):
        models.V1Service.model_validate(service | {"spec": spec})


def test_only_plain_json_values_are_in_an_object(manifest: Manifest) -> None:
    assert {type(value) for value in values(manifest)} <= {dict, list, str, int, bool}
    assert json.loads(json.dumps(manifest)) == manifest


def test_no_two_places_share_a_mutable_value() -> None:
    containers = [v for o in OBJECTS for v in values(o) if isinstance(v, dict | list)]
    assert len({id(value) for value in containers}) == len(containers)


def test_every_object_says_whose_it_is(manifest: Manifest) -> None:
    labels = manifest["metadata"]["labels"]
    assert labels["consortium.dev/chain"] == "trade"
    assert labels["consortium.dev/engine"] == "FiscoBcos"
    assert labels["app.kubernetes.io/managed-by"] == "consortium-operator"
    assert labels["consortium.dev/part"] in set(naming.ChildPart)
    assert manifest["metadata"]["namespace"] == "chains"


def test_a_nodes_object_names_its_member_and_node(manifest: Manifest) -> None:
    metadata = manifest["metadata"]
    for node in small_plan().nodes:
        if metadata["name"].startswith(node.names.node):
            assert metadata["labels"]["consortium.dev/member"] == node.member
            assert metadata["labels"]["consortium.dev/node"] == node.names.node


def test_no_label_lets_argo_track_it_or_holds_what_changes(manifest: Manifest) -> None:
    allowed = {
        "app.kubernetes.io/managed-by",
        *(f"consortium.dev/{name}" for name in ("chain", "engine", "member", "node", "part")),
    }
    assert manifest["metadata"]["labels"].keys() <= allowed


def test_no_two_objects_share_kind_and_name() -> None:
    assert len(set(IDS)) == len(IDS)


IRREPLACEABLE_PARTS = {"register", "genesis", "journal"}


def is_irreplaceable(manifest: Manifest) -> bool:
    return (
        manifest["kind"] in {"Secret", "PersistentVolumeClaim"}
        or manifest["metadata"]["labels"]["consortium.dev/part"] in IRREPLACEABLE_PARTS
    )


def test_what_cannot_be_made_again_outlives_the_resource(manifest: Manifest) -> None:
    metadata = manifest["metadata"]
    if is_irreplaceable(manifest):
        assert "ownerReferences" not in metadata
        kept = {
            "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            "helm.sh/resource-policy": "keep",
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
        }
        assert kept.items() <= metadata["annotations"].items()
    else:
        assert metadata["ownerReferences"] == [
            {
                "apiVersion": "consortium.dev/v1alpha1",
                "kind": "ConsortiumChain",
                "name": "trade",
                "uid": chains.UID,
                "controller": True,
            }
        ]


def test_a_resource_that_no_server_has_seen_owns_nothing() -> None:
    plan = replace(small_plan(), uid=None)
    assert not any("ownerReferences" in o["metadata"] for o in whole_chain(plan))


def test_keys_register_genesis_and_named_content_are_created_only() -> None:
    created = {i for o, i in zip(OBJECTS, IDS, strict=True) if is_create_only(o)}
    changed = {i.partition("-")[2] for i in set(IDS) - created if i.startswith("ConfigMap")}
    members = ("trade-huawei", "trade-webank")
    nodes = ("trade-huawei-archive-0", "trade-webank-shenzhen-0")
    assert changed == {
        "trade-trust",
        "trade-journal",
        *(f"{member}-{client}" for member in members for client in ("client", "operator-client")),
        *(f"{node}-peers" for node in nodes),
    }


def test_private_material_is_in_secrets_only(manifest: Manifest) -> None:
    text = json.dumps(manifest)
    assert "not a key: " not in text
    if manifest["kind"] != "Secret":
        # The base64 of that mark.
        assert "bm90IGEga2V5OiA" not in text


def test_every_secret_is_immutable(manifest: Manifest) -> None:
    if manifest["kind"] == "Secret":
        assert manifest["immutable"] is True
