"""Private keys are in Secrets and nowhere else."""

import base64

import pytest

from tests.e2e.support.chain import OPERATOR, OPERATOR_NAMESPACE, Chain
from tests.kubectl import Kubectl
from tests.leaks import Scanner

PUBLIC_KINDS = (
    "cchain,configmaps,events,pods,statefulsets,controllerrevisions,services,endpointslices,pvc,"
    "pdb,networkpolicies"
)


@pytest.fixture(scope="module")
def scanner(quickstart: Chain) -> Scanner:
    """Knows every key of the chain: two CAs, two clients, a node key and a TLS key of each member,
    and the admin account."""
    secrets = quickstart.children("secrets")
    scanner = Scanner(secrets)
    assert scanner.keys == len(secrets) == 4 * 6 + 1
    return scanner


def test_the_scan_would_find_each_key(quickstart: Chain, scanner: Scanner) -> None:
    for secret in quickstart.children("secrets"):
        text = "".join(base64.b64decode(value).decode() for value in secret["data"].values())
        found = {leak.key.partition("/")[0] for leak in scanner.scan(text, "a Secret")}
        assert secret["metadata"]["name"] in found


def test_no_object_but_a_secret_holds_key_material(quickstart: Chain, scanner: Scanner) -> None:
    listed = ("get", PUBLIC_KINDS, quickstart.here, "--output=json", "--show-managed-fields")
    text = quickstart.kubectl(*listed)
    assert "quickstart-webank-shenzhen-0-config" in text
    assert scanner.scan(text, "objects") == []


def test_no_log_holds_key_material(quickstart: Chain, kubectl: Kubectl, scanner: Scanner) -> None:
    of_nodes = kubectl("logs", quickstart.here, quickstart.selector, "--tail=-1")
    of_operator = kubectl("logs", f"deployment/{OPERATOR}", f"--namespace={OPERATOR_NAMESPACE}")
    assert "fisco-bcos is running" in of_nodes
    assert "sealed the genesis" in of_operator
    assert scanner.scan(of_nodes, "logs of nodes") == []
    assert scanner.scan(of_operator, "log of the operator") == []
