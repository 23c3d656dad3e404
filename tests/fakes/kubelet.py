"""What Kubernetes does beside the API server: StatefulSets get pods, pods run, owners are missed.

One call of `run` is one pass of all controllers, so a test decides how far they are.
"""

from typing import Any

from consortium_operator.kube.digest import digest_of
from consortium_operator.kube.kinds import (
    PERSISTENT_VOLUME_CLAIM,
    POD,
    STATEFUL_SET,
    JsonObject,
    key_of,
)
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import CONTROLLER

_REVISION = "controller-revision-hash"


class Controllers:
    """`broken_images`: images that cannot be pulled any more. `lazy`: does not run at all. `skip`:
    StatefulSets that are no business of the test."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster
        self._addresses = 0
        self.broken_images: set[str] = set()
        self.lazy = False
        self.skip: set[str] = set()

    def copy(self, cluster: FakeCluster) -> "Controllers":
        """The same controllers, in a copy of their cluster."""
        twin = Controllers(cluster)
        twin._addresses = self._addresses
        return twin

    def run(self) -> None:
        """Brings pods up to what their StatefulSets say (OnDelete: never changes a pod)."""
        if self.lazy:
            return
        self._cluster.collect_garbage()
        for stateful_set in self._cluster.all(STATEFUL_SET):
            if stateful_set["metadata"]["name"] not in self.skip:
                self._stateful_set(stateful_set)
        for pod in self._cluster.peek(POD):
            if not self._has_owner(pod):
                self._cluster.remove(key_of(pod), CONTROLLER)

    def restart_container(self, name: str) -> None:
        """A container crashed and was started again in the same pod."""

        def restart(pod: JsonObject) -> None:
            pod["status"]["containerStatuses"][0]["restartCount"] += 1

        self._change(POD, name, "chains", restart)

    def _has_owner(self, pod: JsonObject) -> bool:
        name = pod["metadata"]["name"].rpartition("-")[0]
        return self._cluster.find(STATEFUL_SET, name, pod["metadata"]["namespace"]) is not None

    def _stateful_set(self, stateful_set: JsonObject) -> None:
        metadata, template = stateful_set["metadata"], stateful_set["spec"]["template"]
        namespace, name = metadata["namespace"], metadata["name"]
        revision = f"{name}-{digest_of(template)[:10]}"

        def observe(found: JsonObject) -> None:
            found["status"] = {
                "observedGeneration": metadata["generation"],
                "updateRevision": revision,
                "currentRevision": revision,
            }

        self._change(STATEFUL_SET, name, namespace, observe)
        pod = self._cluster.find(POD, f"{name}-0", namespace)
        if stateful_set["spec"]["replicas"] == 0:
            if pod is not None:
                self._cluster.remove(key_of(pod), CONTROLLER)
            return
        if pod is None:
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"{name}-0",
                    "namespace": namespace,
                    "labels": {**template["metadata"]["labels"], _REVISION: revision},
                    "annotations": dict(template["metadata"].get("annotations") or {}),
                },
                "spec": template["spec"],
            }
            self._cluster.put(pod, CONTROLLER, "kube-controller-manager")
        self._start(pod)

    def _start(self, pod: JsonObject) -> None:
        status = self._status(pod)

        def tell(found: JsonObject) -> None:
            known = (found.get("status") or {}).get("containerStatuses")
            if known:
                status["containerStatuses"][0]["restartCount"] = known[0]["restartCount"]
            status["podIP"] = (found.get("status") or {}).get("podIP") or self._address()
            found["status"] = status

        self._change(POD, pod["metadata"]["name"], pod["metadata"]["namespace"], tell)

    def _status(self, pod: JsonObject) -> dict[str, Any]:
        namespace = pod["metadata"]["namespace"]
        claims = [
            volume["persistentVolumeClaim"]["claimName"]
            for volume in pod["spec"]["volumes"]
            if "persistentVolumeClaim" in volume
        ]
        image = pod["spec"]["containers"][0]["image"]
        state: dict[str, Any] = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
        lost = [c for c in claims if not self._cluster.find(PERSISTENT_VOLUME_CLAIM, c, namespace)]
        if image in self.broken_images and not _was_started(pod):
            state = {"waiting": {"reason": "ImagePullBackOff", "message": f"no {image}"}}
        runs = not lost and "running" in state
        status: dict[str, Any] = {
            "phase": "Running" if runs else "Pending",
            "conditions": [{"type": "Ready", "status": "True" if runs else "False"}],
            "containerStatuses": [
                {
                    "name": "node",
                    "image": image,
                    "restartCount": 0,
                    "started": runs,
                    "state": state,
                }
            ],
        }
        if lost:
            status["conditions"].append(
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": f'persistentvolumeclaim "{lost[0]}" not found',
                }
            )
        return status

    def _address(self) -> str:
        self._addresses += 1
        return f"10.244.0.{self._addresses}"

    def _change(self, kind: Any, name: str, namespace: str, change: Any) -> None:
        self._cluster.edit(
            kind,
            name,
            change,
            namespace=namespace,
            actor=CONTROLLER,
            manager="kube-controller-manager",
            subresource="status",
        )


def _was_started(pod: JsonObject) -> bool:
    containers = (pod.get("status") or {}).get("containerStatuses") or [{}]
    return bool(containers[0].get("started"))
