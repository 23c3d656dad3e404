"""Whose fields are whose, by managedFields as a real API server (1.37) writes them."""

from typing import Any

from consortium_operator.kube.ownership import (
    FIELD_MANAGER,
    exact,
    foreign_managers,
    has_changed_image,
)

LABELS: dict[str, Any] = {"f:metadata": {"f:labels": {"f:team": {}}}}
CONTENT: dict[str, Any] = {"f:spec": {"f:replicas": {}}}


def entry(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, **more}


def managed(*entries: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "n", "resourceVersion": "5", "managedFields": list(entries)}
    return {"kind": "StatefulSet", "metadata": metadata, "spec": {"replicas": 2}}


OURS = entry(FIELD_MANAGER, CONTENT, operation="Apply")
CONTROLLER = entry("kube-controller-manager", {"f:status": {}}, subresource="status")


def test_our_own_entries_are_not_foreign() -> None:
    assert foreign_managers(managed(OURS, entry(FIELD_MANAGER, CONTENT))) == frozenset()
    assert foreign_managers({"metadata": {}}) == frozenset()


def test_labels_and_subresources_are_free_for_others() -> None:
    scale = entry("autoscaler", CONTENT, subresource="scale")
    assert foreign_managers(managed(OURS, entry("team", LABELS), CONTROLLER, scale)) == frozenset()


def test_whoever_owns_content_is_foreign() -> None:
    data = entry("editor", {"f:data": {"f:a": {}}})
    mixed = entry("mallory", LABELS | CONTENT)
    assert foreign_managers(managed(OURS, data, mixed)) == {"editor", "mallory"}


def _container(manager: str, *fields: str, **more: str) -> dict[str, Any]:
    container: dict[str, Any] = {'k:{"name":"node"}': {field: {} for field in fields}}
    return entry(manager, {"f:spec": {"f:containers": container}}, **more)


def test_an_image_belongs_to_whoever_made_the_container_until_a_hand_changes_it() -> None:
    made = _container("kube-controller-manager", "f:name", "f:image", "f:ports")
    assert not has_changed_image(managed(made))
    left = _container("kube-controller-manager", "f:name", "f:ports")
    assert has_changed_image(managed(left, _container("kubectl-set", "f:image")))
    resized = _container("scaler", "f:resources", subresource="resize")
    assert not has_changed_image(managed(made, resized, entry("mesh", LABELS)))


def test_the_exact_object_keeps_the_metadata_and_drops_foreign_claims_to_content() -> None:
    desired = {"kind": "StatefulSet", "metadata": {"name": "n"}, "spec": {"replicas": 1}}
    live = managed(OURS, entry("mallory", LABELS | CONTENT), entry("editor", CONTENT), CONTROLLER)
    live["metadata"]["labels"] = {"team": "theirs"}
    result = exact(desired, live)
    assert result["spec"] == {"replicas": 1}
    assert result["metadata"]["labels"] == {"team": "theirs"}
    assert result["metadata"]["resourceVersion"] == "5"
    assert result["metadata"]["managedFields"] == [OURS, entry("mallory", LABELS), CONTROLLER]
    assert foreign_managers(result) == frozenset()


def test_making_an_exact_object_changes_neither_of_its_sources() -> None:
    live = managed(OURS, entry("mallory", LABELS | CONTENT))
    exact({"metadata": {}, "spec": {}}, live)
    assert live == managed(OURS, entry("mallory", LABELS | CONTENT))
