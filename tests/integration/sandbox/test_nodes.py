"""What pods on the sandbox's nodes can do, and what they cannot."""

import json
from functools import partial

import pytest

from consortium_sandbox import Sandbox
from tests.integration.sandbox.kubectl import Kubectl, eventually
from tests.integration.sandbox.manifests import NAMESPACE, SERVE, SLEEP, claim, pod, volume

# What the tests on real pods stand on every day, asked here one by one.
pytestmark = [pytest.mark.integration, pytest.mark.campaign]


@pytest.fixture(scope="module")
def server(kubectl: Kubectl, python_image: str) -> str:
    """A web server on node-1 behind a Service of its name."""
    ports = [{"port": 80, "targetPort": 8080}]
    kubectl.apply(
        pod("web", python_image, SERVE, nodeName="node-1"),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": NAMESPACE},
            "spec": {"selector": {"app": "web"}, "ports": ports},
        },
    )
    ready(kubectl, "web")
    return f"web.{NAMESPACE}.svc"


def ready(kubectl: Kubectl, name: str) -> None:
    kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")


def run(kubectl: Kubectl, name: str, code: str) -> str:
    """Runs Python in a pod."""
    return kubectl("-n", NAMESPACE, "exec", name, "--", "python3", "-c", code)


@pytest.mark.parametrize("node", ["node-1", "node-2"])
def test_a_pod_on_any_node_reaches_a_service_by_its_name(
    kubectl: Kubectl, python_image: str, server: str, node: str
) -> None:
    kubectl.apply(pod(f"client-{node}", python_image, SLEEP, nodeName=node))
    ready(kubectl, f"client-{node}")
    get = f"import urllib.request as r; print(r.urlopen('http://{server}', timeout=5).status)"
    eventually(
        lambda: (
            "200"
            in kubectl.attempt(
                "-n", NAMESPACE, "exec", f"client-{node}", "--", "python3", "-c", get
            ).stdout
        ),
        20,
    )


def test_the_log_of_a_pod_can_be_read(kubectl: Kubectl, server: str) -> None:
    eventually(lambda: "Serving HTTP" in kubectl("-n", NAMESPACE, "logs", "web"))


def test_the_api_server_reaches_pods_and_services(kubectl: Kubectl, server: str) -> None:
    answer = kubectl("get", "--raw", f"/api/v1/namespaces/{NAMESPACE}/services/web:80/proxy/")
    assert "Directory listing" in answer


def test_a_foreign_name_does_not_exist_at_once(kubectl: Kubectl, server: str) -> None:
    code = (
        "import socket, time; begun = time.time()\n"
        "try: socket.getaddrinfo('example.com', 80)\n"
        "except socket.gaierror as error: print(error.errno, time.time() - begun < 2)"
    )
    assert run(kubectl, "web", code).split() == ["-2", "True"]


def test_nothing_outside_the_sandbox_is_reached_from_a_pod(
    kubectl: Kubectl, server: str, nodes: Sandbox
) -> None:
    machine = nodes_host_address(nodes)
    for address in (machine, "192.0.2.1"):
        code = (
            "import socket\n"
            f"try: socket.create_connection(('{address}', 22), timeout=3); print('reached')\n"
            "except OSError as error: print(type(error).__name__, error.errno)"
        )
        said = run(kubectl, "web", code)
        # Refused would mean that the packet got there.
        assert "reached" not in said
        assert "ConnectionRefused" not in said, address


def nodes_host_address(sandbox: Sandbox) -> str:
    """The machine's end of the link to the sandbox."""
    text = sandbox.kubeconfig.read_text()
    facing = text.split("https://")[1].split(":")[0]
    return facing.rpartition(".")[0] + ".254"


def test_a_pod_that_is_not_root_writes_to_its_volume(kubectl: Kubectl, python_image: str) -> None:
    write = f"open('/data/block', 'w').write('1'); {SLEEP}"
    kubectl.apply(claim("ledger"), pod("writer", python_image, write, volumes=[volume("ledger")]))
    ready(kubectl, "writer")
    stat = "import os; s = os.stat('/data/block'); print(s.st_uid, s.st_gid)"
    eventually(
        lambda: (
            kubectl.attempt(
                "-n", NAMESPACE, "exec", "writer", "--", "python3", "-c", stat
            ).stdout.split()
            == ["10001", "10001"]
        )
    )


def test_a_volume_of_the_default_class_follows_its_pod_to_another_node(
    kubectl: Kubectl, python_image: str
) -> None:
    def seen() -> list[str]:
        return run(kubectl, "mover", "print(open('/data/seen').read())").split()

    def was_on(node: str) -> bool:
        return node in seen()

    kubectl.apply(claim("moving"))
    for node in ("node-1", "node-2"):
        spec = {"volumes": [volume("moving")], "nodeSelector": {"kubernetes.io/hostname": node}}
        code = f"open('/data/seen', 'a').write('{node} '); {SLEEP}"
        kubectl.apply(pod("mover", python_image, code, **spec))
        ready(kubectl, "mover")
        eventually(partial(was_on, node))
        visited = seen()
        kubectl("-n", NAMESPACE, "delete", "pod", "mover", "--wait")
    assert visited == ["node-1", "node-2"]


def test_a_pinned_volume_stays_with_its_node(kubectl: Kubectl, python_image: str) -> None:
    here = {"volumes": [volume("disk")], "nodeSelector": {"kubernetes.io/hostname": "node-2"}}
    kubectl.apply(claim("disk", "pinned"), pod("pinned", python_image, SLEEP, **here))
    ready(kubectl, "pinned")
    name = kubectl.get("-n", NAMESPACE, "pvc", "disk")["spec"]["volumeName"]
    affinity = kubectl.get("pv", name)["spec"]["nodeAffinity"]["required"]
    (expression,) = affinity["nodeSelectorTerms"][0]["matchExpressions"]
    assert expression["values"] == ["node-2"]


def test_a_volume_grows_and_goes_away_with_its_claim(kubectl: Kubectl, python_image: str) -> None:
    kubectl.apply(claim("elastic"), pod("user", python_image, SLEEP, volumes=[volume("elastic")]))
    ready(kubectl, "user")
    wanted = '{"spec":{"resources":{"requests":{"storage":"3Gi"}}}}'
    kubectl("-n", NAMESPACE, "patch", "pvc", "elastic", "-p", wanted)
    pvc = ("-n", NAMESPACE, "pvc", "elastic")
    eventually(lambda: kubectl.get(*pvc)["status"]["capacity"]["storage"] == "3Gi")
    name = kubectl.get(*pvc)["spec"]["volumeName"]
    kubectl("-n", NAMESPACE, "delete", "pod/user", "pvc/elastic")
    eventually(lambda: kubectl.attempt("get", "pv", name).returncode != 0)


def test_a_drained_pod_is_evicted(kubectl: Kubectl, python_image: str) -> None:
    kubectl.apply(pod("evicted", python_image, SLEEP, nodeName="node-2"))
    ready(kubectl, "evicted")
    kubectl("drain", "node-2", "--force", "--delete-emptydir-data", "--timeout=60s")
    try:
        assert kubectl.attempt("-n", NAMESPACE, "get", "pod", "evicted").returncode != 0
    finally:
        kubectl("uncordon", "node-2")


def test_a_privileged_pod_is_refused_where_the_namespace_says_so(
    kubectl: Kubectl, python_image: str
) -> None:
    bad = pod("bad", python_image, SLEEP)
    bad["spec"]["containers"][0]["securityContext"] = {"privileged": True}

    refused = kubectl.attempt("apply", "-f", "-", stdin=json.dumps(bad))
    assert "violates PodSecurity" in refused.stderr


def test_nodes_say_their_zones_and_regions(kubectl: Kubectl) -> None:
    zones = {
        node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for node in kubectl.get("nodes")["items"]
    }
    assert zones == {"node-1": "zone-a", "node-2": "zone-b"}


def test_a_cut_node_is_not_reached_and_a_restored_one_is(
    kubectl: Kubectl, nodes: Sandbox, server: str
) -> None:
    proxied = f"/api/v1/namespaces/{NAMESPACE}/pods/web:8080/proxy/"
    nodes.cut_node("node-1")
    try:
        assert kubectl.attempt("get", "--raw", proxied, "--request-timeout=4s").returncode != 0
    finally:
        nodes.restore_node("node-1")
    eventually(lambda: kubectl.attempt("get", "--raw", proxied).returncode == 0)
