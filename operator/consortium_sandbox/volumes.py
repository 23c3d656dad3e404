"""Gives claims their volumes: directories on this machine, as `local` PersistentVolumes.

`local`, not `hostPath`: kubelet hands only the former to a pod's fsGroup, and without that no pod
that is not root could write. Runs as a process of its own (`python -m consortium_sandbox.volumes`),
looks at all claims and volumes once a second and does what is missing; it keeps no state.
"""

import argparse
import json
import logging
import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from consortium_sandbox.embedded.addons import PINNED, PROVISIONER

_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_INTERVAL = 1.0
_NAME = re.compile(r"pvc-[0-9a-f-]{36}")
_log = logging.getLogger("provisioner")

Object = Mapping[str, Any]


class Volumes(Protocol):
    """What the provisioner needs of the API server. Objects are as the API gives them."""

    def classes(self) -> list[Object]: ...

    def claims(self) -> list[Object]: ...

    def volumes(self) -> list[Object]: ...

    def create(self, volume: Object) -> None: ...

    def delete(self, name: str) -> None: ...

    def grow(self, claim: Object, size: str) -> None: ...


def run_once(api: Volumes, directory: Path) -> None:
    """Makes volumes for claims that wait, grows those that asked, deletes those released."""
    classes = {item["metadata"]["name"]: item for item in api.classes()}
    ours = {name for name, item in classes.items() if item["provisioner"] == PROVISIONER}
    volumes = {item["metadata"]["name"]: item for item in api.volumes()}
    for claim in api.claims():
        if claim["spec"].get("storageClassName") not in ours:
            continue
        if waits(claim) and volume_name(claim) not in volumes:
            _provide(api, directory, claim, classes[claim["spec"]["storageClassName"]])
        elif (size := wanted_growth(claim)) is not None:
            _log.info("grow %s to %s", volume_name(claim), size)
            api.grow(claim, size)
    for name, volume in volumes.items():
        if to_delete(volume):
            _log.info("delete %s", name)
            shutil.rmtree(directory / name, ignore_errors=True)
            api.delete(name)


def waits(claim: Object) -> bool:
    """Whether the claim is unbound and the scheduler has chosen a node for its first pod."""
    chosen = claim["metadata"].get("annotations", {}).get(_SELECTED_NODE)
    return bool(chosen) and claim.get("status", {}).get("phase") == "Pending"


def volume_name(claim: Object) -> str:
    """The name by convention: a second try for the same claim makes the same volume."""
    return f"pvc-{claim['metadata']['uid']}"


def wanted_growth(claim: Object) -> str | None:
    """The size a bound claim asks for, where it is not the size it has. Directories are elastic."""
    has = claim.get("status", {}).get("capacity", {}).get("storage")
    wants: str = claim["spec"]["resources"]["requests"]["storage"]
    bound = claim.get("status", {}).get("phase") == "Bound"
    return wants if bound and has is not None and has != wants else None


def to_delete(volume: Object) -> bool:
    """Whether a volume of ours lost its claim and should go with it."""
    by_us = volume["metadata"].get("annotations", {}).get(_PROVISIONED_BY) == PROVISIONER
    released = volume.get("status", {}).get("phase") == "Released"
    # The name is a path here: nothing but what volume_name makes may be deleted.
    named = _NAME.fullmatch(volume["metadata"]["name"]) is not None
    return by_us and released and named and _policy(volume) == "Delete"


def _policy(volume: Object) -> str:
    return str(volume["spec"].get("persistentVolumeReclaimPolicy"))


def _provide(api: Volumes, directory: Path, claim: Object, storage_class: Object) -> None:
    path = directory / volume_name(claim)
    path.mkdir(mode=0o755, exist_ok=True)
    metadata = claim["metadata"]
    _log.info("make %s for %s/%s", path.name, metadata["namespace"], metadata["name"])
    api.create(volume_for(claim, storage_class, path))


def volume_for(claim: Object, storage_class: Object, path: Path) -> Object:
    """The PersistentVolume of a claim.

    A `local` volume must name its nodes. All nodes are on one machine and see every directory, so
    only a pinned class names one; the others name what every node has.
    """
    metadata = claim["metadata"]
    term = {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}
    if storage_class.get("parameters", {}).get(PINNED) == "true":
        node = metadata["annotations"][_SELECTED_NODE]
        term = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume_name(claim), "annotations": {_PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "local": {"path": str(path)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}},
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
        },
    }


class ApiVolumes:
    """The real API server. Answers stay plain JSON: parsing them into models costs CPU."""

    def __init__(self, kubeconfig: Path) -> None:
        api_client = config.new_client_from_config(str(kubeconfig))
        self._core = client.CoreV1Api(api_client)
        self._storage = client.StorageV1Api(api_client)

    def classes(self) -> list[Object]:
        return _items(self._storage.list_storage_class(**_RAW))

    def claims(self) -> list[Object]:
        return _items(self._core.list_persistent_volume_claim_for_all_namespaces(**_RAW))

    def volumes(self) -> list[Object]:
        return _items(self._core.list_persistent_volume(**_RAW))

    def create(self, volume: Object) -> None:
        self._core.create_persistent_volume(cast(client.V1PersistentVolume, volume))

    def delete(self, name: str) -> None:
        self._core.delete_persistent_volume(name)

    def grow(self, claim: Object, size: str) -> None:
        capacity = {"capacity": {"storage": size}}
        metadata = claim["metadata"]
        self._core.patch_persistent_volume(claim["spec"]["volumeName"], {"spec": capacity})
        self._core.patch_namespaced_persistent_volume_claim_status(
            metadata["name"], metadata["namespace"], {"status": capacity}
        )


# Version 0: from the API server's cache, which is as good as a watch and costs etcd nothing.
_RAW: dict[str, Any] = {"_preload_content": False, "resource_version": "0"}


def _items(response: Any) -> list[Object]:
    items: list[Object] = json.loads(response.data)["items"]
    return items


def main() -> None:
    """Runs until it is killed; an API server that is away is waited for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    api = ApiVolumes(arguments.kubeconfig)
    while True:
        try:
            run_once(api, arguments.directory)
        except ApiException as error:
            # 409: somebody else was faster, or an object changed meanwhile; the next look sees it.
            _log.warning("the API server answered %s %s", error.status, error.reason)
        except Exception as error:  # the connection: its classes are the HTTP library's
            _log.warning("cannot reach the API server: %s", error)
        time.sleep(_INTERVAL)


if __name__ == "__main__":
    main()
