"""Private keys are in Secrets and nowhere else. That is asked after every test here (see
`support/aftermath.py`); these tests show that the question would be answered."""

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.chain import CHAIN_LABEL, Chain
from tests.kubectl import Kubectl, as_list
from tests.leaks import Scanner
from tests.resources import REPOSITORY


@pytest.fixture
def careless(quickstart: Chain, kubectl: Kubectl, aftermath: Aftermath) -> Iterator[str]:
    """A namespace with one key of the chain, in a Secret of the same label."""
    name = f"e2e-careless-{secrets.token_hex(2)}"
    found = quickstart.get("secret", "quickstart-webank-shenzhen-0-identity")
    metadata = {"name": "known", "namespace": name, "labels": {CHAIN_LABEL: quickstart.name}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": found["data"]}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    kubectl("create", "--filename=-", stdin=as_list(namespace))
    kubectl("create", "--filename=-", stdin=as_list(secret))
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def key(quickstart: Chain) -> str:
    """The same key as one line of base64."""
    found = quickstart.get("secret", "quickstart-webank-shenzhen-0-identity")["data"]["node.pem"]
    lines = base64.b64decode(found).decode().splitlines()
    return "".join(lines[1:-1])


def test_the_scan_would_find_each_key(quickstart: Chain) -> None:
    """Two CAs, two clients, a node key and a TLS key of each member, and the admin account."""
    found = quickstart.children("secrets")
    scanner = Scanner(found)
    assert scanner.keys == len(found) == 4 * 6 + 1
    for secret in found:
        text = "".join(base64.b64decode(value).decode() for value in secret["data"].values())
        names = {leak.key.partition("/")[0] for leak in scanner.scan(text, "a Secret")}
        assert secret["metadata"]["name"] in names


def test_a_namespace_without_a_stray_key_is_clean(careless: str, aftermath: Aftermath) -> None:
    assert aftermath.leaks(careless) == []


def test_a_key_in_an_object_is_found(
    careless: str, key: str, kubectl: Kubectl, aftermath: Aftermath
) -> None:
    literal = f"--from-literal=note=the key is {base64.b64decode(key).hex()}"
    kubectl("create", "configmap", "canary", literal, f"--namespace={careless}")
    assert any(leak.startswith("objects: known/node.pem") for leak in aftermath.leaks(careless))
    kubectl("delete", "configmap", "canary", f"--namespace={careless}")
    leaks = aftermath.leaks(careless)
    assert any(leak.startswith("an earlier version of an object") for leak in leaks)


@pytest.mark.parametrize("place", ["cmdline", "environ"])
def test_a_key_that_a_process_was_started_with_is_found(
    careless: str, key: str, aftermath: Aftermath, place: str
) -> None:
    idle = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    arguments, environment = (
        ([*idle, key], None) if place == "cmdline" else (idle, os.environ | {"CANARY": key})
    )
    with subprocess.Popen(arguments, env=environment, stdin=subprocess.PIPE) as process:
        try:
            assert any(leak.startswith(f"/proc/*/{place}") for leak in aftermath.leaks(careless))
        finally:
            process.kill()


def test_a_key_in_the_working_tree_is_found(careless: str, key: str, aftermath: Aftermath) -> None:
    canary = REPOSITORY / f"canary-{secrets.token_hex(4)}.txt"
    canary.write_text(key)
    try:
        assert any(leak.startswith(canary.name) for leak in aftermath.leaks(careless))
    finally:
        canary.unlink()
