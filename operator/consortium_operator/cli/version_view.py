"""Which versions work together, as `consortium version` shows them: pure, from the operator's
Deployments and the resource's definition as the API server returns them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consortium_operator.api.chain import API_VERSION, GROUP
from consortium_operator.cli.printing import shown

CONTAINER = "operator"


@dataclass(frozen=True, slots=True)
class OperatorVersion:
    """An operator of the cluster. `version`: as its chart says."""

    name: str
    version: str | None
    image: str
    is_running: bool


@dataclass(frozen=True, slots=True)
class ClusterVersions:
    """None: the caller may not see it. `served`: the versions of the resource, none where it is
    not defined."""

    namespace: str
    operators: tuple[OperatorVersion, ...] | None
    served: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class VersionView:
    """`cluster`: None where none was asked."""

    client: str
    api_version: str
    cluster: ClusterVersions | None


def operators(deployments: Iterable[Mapping[str, Any]]) -> tuple[OperatorVersion, ...]:
    return tuple(
        OperatorVersion(
            one["metadata"]["name"],
            (one["metadata"].get("labels") or {}).get("app.kubernetes.io/version"),
            container["image"],
            bool((one.get("status") or {}).get("readyReplicas")),
        )
        for one in deployments
        for container in one["spec"]["template"]["spec"]["containers"]
        if container["name"] == CONTAINER
    )


def served(definition: Mapping[str, Any] | None) -> tuple[str, ...]:
    if definition is None:
        return ()
    versions = definition["spec"]["versions"]
    return tuple(f"{GROUP}/{one['name']}" for one in versions if one["served"])


def lines(found: VersionView) -> Iterator[str]:
    """For people: one line for each part."""
    yield f"client: {found.client}, for {found.api_version}"
    if found.cluster is not None:
        yield from map(shown, _cluster(found.cluster))


def _cluster(found: ClusterVersions) -> Iterator[str]:
    where = f"in the namespace {found.namespace}"
    if found.operators is None:
        yield f"operator: you may not list Deployments {where}"
    elif not found.operators:
        yield f"operator: none {where}; where it is in another, name it with --namespace"
    for one in found.operators or ():
        state = "running" if one.is_running else "not ready"
        yield f"operator: {one.version or 'unknown'}, {state}, image {one.image}"
    if found.served is None:
        yield "CRD: you may not read CustomResourceDefinitions"
    elif not found.served:
        yield "CRD: not installed; the operator's chart brings it"
    else:
        known = "" if API_VERSION in found.served else f"; this client needs {API_VERSION}"
        yield f"CRD: {', '.join(found.served)}{known}"
