"""What is kept of an object, and what is news."""

import copy
from typing import Any

import pytest

from consortium_operator.kube.projection import (
    ClaimDetail,
    ContainerDetail,
    PodDetail,
    ServiceDetail,
    StatefulSetDetail,
    project,
)

STARTED = "2026-01-01T00:00:00Z"


def obj(api_version: str, kind: str, **content: Any) -> dict[str, Any]:
    metadata = {
        "name": "node-0",
        "namespace": "chains",
        "uid": "u",
        "resourceVersion": "5",
        "generation": 3,
        "labels": {"consortium.dev/chain": "trade"},
        "annotations": {"a": "1", "kubectl.kubernetes.io/last-applied-configuration": "{…}"},
        "ownerReferences": [{"uid": "owner"}],
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def container(
    name: str = "node", restarts: int = 0, *, started: bool = False, **state: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "started": started,
        "restartCount": restarts,
        "state": state,
    }


def pod(**status: Any) -> PodDetail:
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "node-data-g0"}},
        {"name": "conf", "configMap": {"name": "node-config"}},
        {
            "name": "keys",
            "projected": {
                "sources": [
                    {"secret": {"name": "node-tls"}},
                    {"configMap": {"name": "node-cert"}},
                ]
            },
        },
    ]
    ports = [{"name": "rpc", "containerPort": 20200}, {"containerPort": 9}]
    containers = [{"name": "node", "ports": ports}, {"name": "sidecar"}]
    spec = {"volumes": volumes, "containers": containers}
    detail = project(obj("v1", "Pod", spec=spec, status=status)).detail
    assert isinstance(detail, PodDetail)
    return detail


def test_an_object_is_known_by_its_metadata() -> None:
    seen = project(obj("v1", "ConfigMap", data={"config.ini": "x"}))
    assert str(seen.key) == "ConfigMap chains/node-0"
    assert (seen.uid, seen.resource_version, seen.owner_uids) == ("u", "5", ("owner",))
    assert seen.labels == {"consortium.dev/chain": "trade"}
    assert seen.annotations == {"a": "1"}
    assert not seen.deleting
    assert seen.detail == {"config.ini": "x"}


def test_a_template_that_nobody_checked_does_not_end_the_watch() -> None:
    """Of another tenant's StatefulSet, for all chains."""
    volumes = [{"name": "conf", "configMap": {"defaultMode": 420}}]
    template = {"spec": {"volumes": volumes}}
    assert project(obj("apps/v1", "StatefulSet", spec={"template": template})).detail is not None


def test_an_object_under_deletion_says_so() -> None:
    doomed = obj("v1", "ConfigMap")
    doomed["metadata"]["deletionTimestamp"] = STARTED
    assert project(doomed).deleting


def test_a_healthy_pod_has_no_trouble() -> None:
    healthy = pod(
        phase="Running",
        podIP="10.0.0.1",
        conditions=[
            {"type": "PodScheduled", "status": "True"},
            {"type": "Ready", "status": "True"},
        ],
        initContainerStatuses=[
            container("init", terminated={"exitCode": 0, "reason": "Completed"})
        ],
        containerStatuses=[container(restarts=2, started=True, running={"startedAt": STARTED})],
    )
    assert healthy == PodDetail(
        phase="Running",
        ready=True,
        reason="",
        message="",
        unschedulable="",
        ip="10.0.0.1",
        claims=("node-data-g0",),
        containers=(ContainerDetail(restarts=2, started_at=STARTED, started=True),),
        ports={"rpc": 20200},
        config_maps=("node-config", "node-cert"),
    )
    assert healthy.restarts == 2
    assert healthy.runs
    assert healthy.has_started


def test_a_process_is_past_its_start_once_its_probe_says_so() -> None:
    young = pod(containerStatuses=[container(running={"startedAt": STARTED})])
    assert (young.runs, young.has_started) == (True, False)
    crashed = pod(containerStatuses=[container(waiting={"reason": "CrashLoopBackOff"})])
    assert (crashed.runs, crashed.has_started) == (False, False)
    assert not pod().has_started


@pytest.mark.parametrize(
    ("status", "reason", "message"),
    [
        (
            {
                "containerStatuses": [
                    container(waiting={"reason": "ImagePullBackOff", "message": "no"})
                ]
            },
            "ImagePullBackOff",
            "no",
        ),
        (
            {"containerStatuses": [container(waiting={"reason": "CrashLoopBackOff"})]},
            "CrashLoopBackOff",
            "",
        ),
        (
            {"containerStatuses": [container(terminated={"exitCode": 1, "reason": "Error"})]},
            "Error",
            "",
        ),
        (
            {
                "initContainerStatuses": [container(waiting={"reason": "ErrImagePull"})],
                "containerStatuses": [container(waiting={"reason": "PodInitializing"})],
            },
            "ErrImagePull",
            "",
        ),
        ({"reason": "Evicted", "message": "low on memory"}, "Evicted", "low on memory"),
    ],
)
def test_the_first_trouble_of_a_pod_is_told(
    status: dict[str, Any], reason: str, message: str
) -> None:
    troubled = pod(phase="Pending", **status)
    assert (troubled.reason, troubled.message) == (reason, message)
    assert not troubled.ready


def test_a_pod_that_fits_nowhere_says_why() -> None:
    why = "0/3 nodes are available"
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    assert pod(conditions=[condition | {"message": why}]).unschedulable == why


def test_a_pod_nobody_has_looked_at_yet_is_unknown() -> None:
    fresh = project(obj("v1", "Pod", spec={})).detail
    assert fresh == PodDetail("Unknown", False, "", "", "", "", (), ())


def test_a_kubelets_heartbeat_is_no_news() -> None:
    heartbeat = obj("v1", "Pod", spec={}, status={"phase": "Running"})
    later = copy.deepcopy(heartbeat)
    later["metadata"]["resourceVersion"] = "6"
    later["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastProbeTime": STARTED}]
    assert project(later) == project(heartbeat)


def test_the_other_kinds_keep_what_the_operator_decides_on() -> None:
    template: dict[str, Any] = {"spec": {"containers": []}}
    first = project(
        obj(
            "apps/v1",
            "StatefulSet",
            spec={"replicas": 1, "template": template},
            status={
                "updateRevision": "b",
                "observedGeneration": 2,
            },
        )
    ).detail
    assert isinstance(first, StatefulSetDetail)
    assert (first.replicas, first.update_revision) == (1, "b")
    assert (first.observed_generation, first.generation) == (2, 3)
    other = project(obj("apps/v1", "StatefulSet", spec={"template": {}})).detail
    assert isinstance(other, StatefulSetDetail)
    assert other.template_digest != first.template_digest
    claim = obj(
        "v1",
        "PersistentVolumeClaim",
        spec={"storageClassName": "fast", "resources": {"requests": {"storage": "20Gi"}}},
        status={"phase": "Bound", "capacity": {"storage": "19Gi"}},
    )
    assert project(claim).detail == ClaimDetail("Bound", "20Gi", "19Gi", "fast")
    assert project(obj("v1", "Service", spec={"clusterIP": "10.96.0.9"})).detail == ServiceDetail(
        "10.96.0.9"
    )
    assert project(obj("networking.k8s.io/v1", "NetworkPolicy", spec={})).detail is None
