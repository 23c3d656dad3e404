"""A real API server takes every object that we build, in a namespace that enforces the Pod
Security Standard "restricted"."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from consortium_operator.chain.naming import ChainKey
from consortium_operator.chain.plan import Plan
from consortium_operator.manifests import Manifest
from consortium_sandbox import Sandbox
from tests.kubectl import Kubectl, as_list, eventually
from tests.restricted import violations
from tests.whole_chain import small_plan, whole_chain

pytestmark = pytest.mark.integration

NAMESPACE = "restricted-chains"
APPLY = ("apply", "--server-side", "--field-manager=consortium-operator", "--filename=-")


@pytest.fixture(scope="module")
def kubectl(control_plane: Sandbox) -> Kubectl:
    kubectl = Kubectl(control_plane.kubeconfig)
    level = "pod-security.kubernetes.io"
    labels = {f"{level}/enforce": "restricted", f"{level}/warn": "restricted"}
    namespace = {"metadata": {"name": NAMESPACE, "labels": labels}}
    kubectl(*APPLY, stdin=json.dumps({"apiVersion": "v1", "kind": "Namespace"} | namespace))
    # Without it no pod is admitted.
    account = ("get", "serviceaccount", "default", f"--namespace={NAMESPACE}")
    eventually(lambda: kubectl.attempt(*account).returncode == 0)
    return kubectl


def plan() -> Plan:
    """Without an owner: the garbage collector would take the objects of one it cannot find."""
    return replace(small_plan(), key=ChainKey(NAMESPACE, "trade"), uid=None)


def pod(manifest: Manifest) -> dict[str, Any]:
    """The pod that a StatefulSet's controller would make."""
    template = copy.deepcopy(manifest["spec"]["template"])
    metadata = template["metadata"] | {"name": "probe", "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


STATEFUL_SETS = [o for o in whole_chain(plan()) if o["kind"] == "StatefulSet"]


def test_every_object_is_taken_without_a_warning(kubectl: Kubectl) -> None:
    objects = whole_chain(plan())
    done = kubectl.attempt(*APPLY, "--dry-run=server", stdin=as_list(*objects))
    # The CAs of these tests are made up, which the server remarks on.
    remarks = [line for line in done.stderr.splitlines() if "failed to find any PEM" not in line]
    assert (done.returncode, remarks) == (0, [])
    assert len(done.stdout.splitlines()) == len(objects)


def test_applying_it_again_changes_nothing(kubectl: Kubectl) -> None:
    objects = [o for o in whole_chain(plan()) if o["kind"] != "StatefulSet"]

    def versions() -> dict[str, str]:
        listed = json.loads(kubectl(*APPLY, "--output=json", stdin=as_list(*objects)))["items"]
        return {
            f"{o['kind']}/{o['metadata']['name']}": o["metadata"]["resourceVersion"] for o in listed
        }

    # A controller may write once in between: the address of a Service, the phase of a claim.
    eventually(lambda: versions() == versions())


@pytest.mark.parametrize("manifest", STATEFUL_SETS, ids=lambda m: str(m["metadata"]["name"]))
def test_the_pod_of_a_node_is_admitted(kubectl: Kubectl, manifest: Manifest) -> None:
    kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod(manifest)))


VOLUMES = STATEFUL_SETS[0]["spec"]["template"]["spec"]["volumes"]
RELAXED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("a privileged container", {"privileged": True, "allowPrivilegeEscalation": True}, {}),
    ("escalation", {"allowPrivilegeEscalation": True}, {}),
    ("kept capabilities", {"capabilities": {"drop": []}}, {}),
    ("added capabilities", {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}}, {}),
    ("root", {"runAsUser": 0}, {}),
    ("no seccomp", {"seccompProfile": {"type": "Unconfined"}}, {}),
    ("root by the container", {"runAsNonRoot": False}, {}),
    ("host network", {}, {"hostNetwork": True}),
    ("host processes", {}, {"hostPID": True}),
    ("a host path", {}, {"volumes": [*VOLUMES[1:], {"name": "data", "hostPath": {"path": "/"}}]}),
]


@pytest.mark.parametrize(("name", "container", "spec"), RELAXED, ids=[r[0] for r in RELAXED])
def test_a_less_hardened_pod_is_refused_here_and_by_the_unit_tests(
    kubectl: Kubectl, name: str, container: dict[str, Any], spec: dict[str, Any]
) -> None:
    relaxed = pod(STATEFUL_SETS[0])
    relaxed["spec"]["containers"][0]["securityContext"].update(container)
    relaxed["spec"].update(spec)
    done = kubectl.attempt("create", "--dry-run=server", "--filename=-", stdin=json.dumps(relaxed))
    assert done.returncode != 0
    assert 'violates PodSecurity "restricted' in done.stderr
    assert violations(relaxed["spec"]) != []


def test_a_key_cannot_be_overwritten(kubectl: Kubectl) -> None:
    secret = next(o for o in whole_chain(plan()) if o["kind"] == "Secret")
    kubectl(*APPLY, stdin=json.dumps(secret))
    changed = secret | {"data": dict.fromkeys(secret["data"], "b3RoZXI=")}
    done = kubectl.attempt(*APPLY, stdin=json.dumps(changed))
    assert done.returncode != 0
    assert "field is immutable when `immutable` is set" in done.stderr
