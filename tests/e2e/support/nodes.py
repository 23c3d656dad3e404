"""Kubernetes nodes that take no new pods for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.kubectl import Kubectl


@contextmanager
def no_place_for_pods(kubectl: Kubectl) -> Iterator[None]:
    """Cordons all nodes: a pod that is deleted meanwhile stays away, and nothing that the
    operator does can bring it back."""
    names = [node["metadata"]["name"] for node in kubectl.get("nodes")["items"]]
    kubectl("cordon", *names)
    try:
        yield
    finally:
        kubectl("uncordon", *names)
