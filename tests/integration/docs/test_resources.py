"""A real API server takes every resource that the documents show."""

import json

import pytest

from consortium_sandbox import Sandbox
from tests.documents import CHAINS, Written
from tests.kubectl import Kubectl, install_crd

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def kubectl(control_plane: Sandbox) -> Kubectl:
    install_crd(control_plane.kubeconfig)
    return Kubectl(control_plane.kubeconfig)


@pytest.mark.parametrize("written", CHAINS, ids=str)
def test_the_api_server_takes_it_as_written(kubectl: Kubectl, written: Written) -> None:
    metadata = written.body["metadata"] | {"namespace": "default"}
    body = written.body | {"metadata": metadata}
    kubectl(
        "create", "--dry-run=server", "--validate=strict", "--filename=-", stdin=json.dumps(body)
    )
