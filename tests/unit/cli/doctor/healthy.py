"""A cluster in which nothing is wrong, for tests that change one thing and ask what is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from consortium_operator.api.crd import custom_resource_definition
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.cli.doctor.facts import (
    ChainFacts,
    Clock,
    ClusterFacts,
    Facts,
    NamespaceFacts,
    OperatorFacts,
)
from consortium_operator.cli.doctor.rights import rights_of
from consortium_operator.kube.person import Server
from tests.chains import member, node, resource

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
VERSION = "0.1.0"
IMAGE = "registry.example/fisco-bcos@sha256:" + "0" * 64
MEMBERS = ("huawei", "ping-an", "tencent", "webank")
NODES = tuple(f"trade-{name}-node-0" for name in MEMBERS)


def chain(*members: dict[str, Any], ready: bool = True, **spec: Any) -> dict[str, Any]:
    made = resource(*(members or spread()), **spec)
    made["metadata"]["generation"] = 1
    condition = {
        "type": "Ready",
        "status": "True" if ready else "False",
        "reason": "AsExpected" if ready else "NodeDown",
        "message": "" if ready else "node webank/node-0 is down",
        "observedGeneration": 1,
    }
    return made | {"status": {"observedGeneration": 1, "conditions": [condition]}}


def spread() -> list[dict[str, Any]]:
    """Four sealers in four zones."""
    return [
        member(name, node("node", placement={"zone": f"zone-{number}"}))
        for number, name in enumerate(MEMBERS)
    ]


def named(name: str, /, **content: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "chains"}, **content}


def of_node(name: str, **content: Any) -> dict[str, Any]:
    labels = {"consortium.dev/chain": "trade", "consortium.dev/node": name}
    return {"metadata": {"name": name, "namespace": "chains", "labels": labels}, **content}


def pod(name: str, host: str) -> dict[str, Any]:
    spec = {"nodeName": host, "containers": [{"name": "node", "image": IMAGE}]}
    return of_node(name, spec=spec, status={"containerStatuses": [{"state": {"running": {}}}]})


def host(name: str, zone: str) -> dict[str, Any]:
    labels = {"topology.kubernetes.io/zone": zone}
    return {"metadata": {"name": name, "labels": labels}, "status": {"nodeInfo": {}}}


def deployment(**labels: str) -> dict[str, Any]:
    metadata = {
        "name": "consortium-operator",
        "labels": {"app.kubernetes.io/version": VERSION} | labels,
    }
    spec = {
        "serviceAccountName": "consortium-operator",
        "containers": [{"name": "operator", "image": "operator:0.1.0"}],
    }
    return {
        "metadata": metadata,
        "spec": {"template": {"spec": spec}},
        "status": {"readyReplicas": 1},
    }


def facts() -> Facts:
    return Facts(VERSION, _cluster(), _operator(), _namespace())


def with_cluster(**changes: Any) -> Facts:
    found = facts()
    return replace(found, cluster=replace(found.cluster, **changes))


def with_operator(**changes: Any) -> Facts:
    found = facts()
    return replace(found, operator=replace(found.operator, **changes))


def with_namespace(**changes: Any) -> Facts:
    found = facts()
    return replace(found, namespace=replace(found.namespace, **changes))


def with_chain(made: dict[str, Any]) -> Facts:
    return with_namespace(chains=(ChainFacts.of(made),))


def _cluster() -> ClusterFacts:
    definition = custom_resource_definition()
    established = [{"type": "Established", "status": "True"}]
    beat = f"{NOW - timedelta(seconds=6):%Y-%m-%dT%H:%M:%S.000000Z}"
    return ClusterFacts(
        clock=Clock(Server("v1.37.2", NOW), NOW),
        definition=definition | {"status": {"conditions": established}},
        storage_classes=(storage_class("fast", default=True),),
        ranges=(named("kubernetes", spec={"cidrs": ["10.96.0.0/16"]}),),
        addresses=(),
        hosts=tuple(host(f"host-{n}", f"zone-{n}") for n in range(4)),
        heartbeats=tuple(named(f"host-{n}", spec={"renewTime": beat}) for n in range(4)),
        dns=(named("kube-dns-1", endpoints=[{"addresses": ["10.0.0.1"]}]),),
        daemon_sets=(named("cilium"),),
    )


def storage_class(name: str, *, default: bool = False, **fields: Any) -> dict[str, Any]:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {
        "metadata": {"name": name, "annotations": annotations},
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    } | fields


def _operator() -> OperatorFacts:
    subject = {
        "kind": "ServiceAccount",
        "name": "consortium-operator",
        "namespace": "consortium-system",
    }
    everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    return OperatorFacts(
        namespace="consortium-system",
        deployments=(deployment(),),
        catalogue={"3.16.4": IMAGE},
        bindings=(
            named("binding", subjects=[subject], roleRef={"kind": "ClusterRole", "name": "chains"}),
        ),
        roles=({"kind": "ClusterRole", **named("chains", rules=everything)},),
    )


def _namespace() -> NamespaceFacts:
    entries = {
        name: JournalEntry(cluster_ip=f"10.96.0.{number}") for number, name in enumerate(NODES, 10)
    }
    rights = rights_of("chains", "consortium-system")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return NamespaceFacts(
        name="chains",
        itself={"metadata": {"name": "chains", "labels": labels}},
        rights={right: True for needed in rights.values() for right in needed},
        chains=(ChainFacts.of(chain()),),
        config_maps=(of_node("trade-journal", data=Journal(entries).to_data()),),
        services=tuple(
            of_node(name, spec={"clusterIP": entry.cluster_ip}) for name, entry in entries.items()
        ),
        pods=tuple(pod(name, f"host-{number}") for number, name in enumerate(NODES)),
        budgets=(),
    )
