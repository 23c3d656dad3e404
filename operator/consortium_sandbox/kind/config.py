"""What cluster kind is to make. Pure."""

from typing import Any

import yaml

from consortium_sandbox import zones

# Apart from clusters that a person made with kind by hand: those are left alone.
_PREFIX = "consortium-"


def cluster_name(sandbox: str) -> str:
    """What kind calls the cluster of a sandbox."""
    return f"{_PREFIX}{sandbox}"


def cluster_config(workers: int, node_image: str | None) -> str:
    """One control plane, which runs no pods of users, and `workers` nodes in a zone each."""
    nodes: list[dict[str, Any]] = [{"role": "control-plane"}]
    nodes += [{"role": "worker", "labels": zones.labels(index + 1)} for index in range(workers)]
    if node_image:
        nodes = [{**node, "image": node_image} for node in nodes]
    document = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": nodes}
    return yaml.safe_dump(document, sort_keys=False)


def pinned_class() -> dict[str, Any]:
    """The storage class `pinned`, which the embedded cluster has too: volumes stay with a node.

    Those of kind's provisioner always do, so only the name is missing.
    """
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "pinned"},
        "provisioner": "rancher.io/local-path",
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Delete",
    }
