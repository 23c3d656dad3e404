"""The objects that make a bare API server a usable cluster: cluster DNS and storage classes."""

from consortium_sandbox.embedded.api import Manifest
from consortium_sandbox.embedded.topology import DNS_SERVICE, Topology

DEFAULT_CLASS = "standard"
PINNED_CLASS = "pinned"
# volumes.py acts for the classes with this provisioner, and reads this parameter of them.
PROVISIONER = "sandbox.consortium.dev/local"
PINNED = "pinned"


def objects(topology: Topology) -> list[tuple[str, Manifest]]:
    """API path and object, in the order to apply them. Without nodes there is no DNS."""
    classes = [
        _storage_class(DEFAULT_CLASS, default=True, pinned=False),
        _storage_class(PINNED_CLASS, default=False, pinned=True),
    ]
    return classes if topology.size == 0 else [*classes, *_dns(topology)]


def _storage_class(name: str, *, default: bool, pinned: bool) -> tuple[str, Manifest]:
    """`pinned` volumes stay with their node, as local disks do; the others follow their pod."""
    manifest = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": name,
            "annotations": {"storageclass.kubernetes.io/is-default-class": str(default).lower()},
        },
        "provisioner": PROVISIONER,
        "parameters": {PINNED: str(pinned).lower()},
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Delete",
        "allowVolumeExpansion": True,
    }
    return f"/apis/storage.k8s.io/v1/storageclasses/{name}", manifest


def _dns(topology: Topology) -> list[tuple[str, Manifest]]:
    """A Service without selector and its endpoint: CoreDNS runs as a process, not in a pod."""
    ports = [("dns", "UDP"), ("dns-tcp", "TCP")]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {
            "clusterIP": DNS_SERVICE,
            "ports": [{"name": name, "port": 53, "protocol": proto} for name, proto in ports],
        },
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kube-dns-sandbox",
            "namespace": "kube-system",
            "labels": {"kubernetes.io/service-name": "kube-dns"},
        },
        "addressType": "IPv4",
        "ports": [{"name": name, "port": 53, "protocol": proto} for name, proto in ports],
        "endpoints": [{"addresses": [topology.address], "conditions": {"ready": True}}],
    }
    return [
        ("/api/v1/namespaces/kube-system/services/kube-dns", service),
        (
            "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/kube-dns-sandbox",
            endpoints,
        ),
    ]
