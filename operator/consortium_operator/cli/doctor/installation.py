"""Whether the cluster, the CRD and the operator are there, run, and are of versions that meet."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from consortium_operator.api.chain import API_VERSION, GROUP, PLURAL
from consortium_operator.api.crd import custom_resource_definition
from consortium_operator.cli.doctor.facts import Facts
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden
from consortium_operator.cli.version_view import OperatorVersion, operators, served

OLDEST_SERVER = (1, 31)
"""As the chart's kubeVersion: disruption budgets that never block on a pod that is not ready."""

_SERVER, _CRD, _OPERATOR = Check("server"), Check("crd"), Check("operator")
_NAME = f"{PLURAL}.{GROUP}"
_APPLY = (
    "apply crds/consortium.dev_consortiumchains.yaml of version {version}:\n"
    "kubectl apply --server-side --force-conflicts "
    "--filename crds/consortium.dev_consortiumchains.yaml"
)


def judge(facts: Facts) -> Iterator[Finding]:
    yield _judge_server(facts.cluster.clock.server.version)
    yield from _judge_definition(facts.cluster.definition, facts.client_version)
    yield from _judge_operators(facts)


def _judge_server(version: str) -> Finding:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if found is None:
        return _SERVER.unknown("Kubernetes", f"its version {version} cannot be read")
    if (int(found[1]), int(found[2])) >= OLDEST_SERVER:
        return _SERVER.ok("Kubernetes", version)
    oldest = ".".join(map(str, OLDEST_SERVER))
    return _SERVER.error(
        "Kubernetes",
        f"{version} is older than {oldest}",
        f"upgrade the cluster to {oldest} or later",
    )


def _judge_definition(
    definition: Mapping[str, Any] | Hidden | None, client: str
) -> Iterator[Finding]:
    if isinstance(definition, Hidden):
        yield _CRD.unknown(_NAME, definition.why)
        return
    if definition is None:
        yield _CRD.error(_NAME, "not installed", "install the chart consortium-operator")
        return
    if API_VERSION not in served(definition):
        wanted = f"serves {', '.join(served(definition))}, not {API_VERSION}"
        yield _CRD.error(_NAME, wanted, _APPLY.format(version=client))
    elif not _is_established(definition):
        see = f"kubectl describe crd {_NAME}"
        yield _CRD.error(_NAME, "not established: the API server refuses it", see)
    elif _schema(definition) != _schema(custom_resource_definition()):
        message = f"its fields are not those of version {client}, which this client is of"
        yield _CRD.warning(_NAME, message, _APPLY.format(version=client))
    else:
        yield _CRD.ok(_NAME, f"{API_VERSION} as of version {client}")


def _is_established(definition: Mapping[str, Any]) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def _schema(definition: Mapping[str, Any]) -> Any:
    versions = definition["spec"]["versions"]
    name = API_VERSION.partition("/")[2]
    return next((one["schema"] for one in versions if one["name"] == name), None)


def _judge_operators(facts: Facts) -> Iterator[Finding]:
    where = facts.operator.namespace
    if isinstance(facts.operator.deployments, Hidden):
        yield _OPERATOR.unknown(f"namespace {where}", facts.operator.deployments.why)
        return
    found = operators(facts.operator.deployments)
    if not found:
        yield _OPERATOR.error(
            f"namespace {where}",
            "no operator is installed there",
            "install the chart consortium-operator, or name its namespace with "
            "--operator-namespace",
        )
    for one in found:
        yield _judge_operator(one, where, facts.client_version)


def _judge_operator(one: OperatorVersion, namespace: str, client: str) -> Finding:
    subject = f"deployment {namespace}/{one.name}"
    if not one.is_running:
        return _OPERATOR.error(
            subject,
            "no pod of it is ready: nothing is done for the chains",
            f"kubectl describe pods --namespace {namespace} "
            "--selector app.kubernetes.io/name=consortium-operator\n"
            f"kubectl logs deployment/{one.name} --namespace {namespace}",
        )
    if one.version != client:
        return _OPERATOR.warning(
            subject,
            f"runs version {one.version or 'unknown'}, and this client is of {client}",
            f"upgrade the release {one.name} to {client} with helm, or install this client in "
            f"version {one.version or 'unknown'}",
        )
    return _OPERATOR.ok(subject, f"version {one.version} runs")
