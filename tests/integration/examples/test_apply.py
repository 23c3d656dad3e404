"""A real API server takes every example, file by file, first as a dry run and then in earnest."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consortium_sandbox import Sandbox
from tests.examples import FILES, chains_of, named_namespaces, objects_of
from tests.kubectl import Kubectl, ensure_namespace, install_crd

pytestmark = pytest.mark.integration

UNPROTECTED = '{"spec":{"deletionProtection":false}}'


@pytest.fixture(scope="module")
def kubectl(control_plane: Sandbox) -> Iterator[Kubectl]:
    install_crd(control_plane.kubeconfig)
    kubectl = Kubectl(control_plane.kubeconfig)
    spaces = sorted({one for path in FILES for one in named_namespaces(path)})
    for space in spaces:
        ensure_namespace(kubectl, space)
    yield kubectl
    for chain in (one for path in FILES for one in chains_of(path)):
        where = (chain["metadata"]["name"], f"--namespace={chain['metadata']['namespace']}")
        if chain["spec"].get("deletionProtection"):
            kubectl("patch", "cchain", *where, "--type=merge", "--patch", UNPROTECTED)
        kubectl("delete", "cchain", *where, "--wait=false")
    kubectl("delete", "namespace", *spaces, "--wait=false")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_taken_whole(kubectl: Kubectl, path: Path) -> None:
    words = ("apply", "--server-side", "--validate=strict", f"--filename={path}")
    kubectl(*words, "--dry-run=server")
    kubectl(*words)
    for body in objects_of(path):
        where = f"--namespace={body['metadata'].get('namespace', 'default')}"
        found = kubectl.get(body["kind"], body["metadata"]["name"], where)
        assert_holds(found, body)
    assert kubectl.attempt("diff", "--server-side", f"--filename={path}").returncode == 0


def assert_holds(found: Any, wanted: Any) -> None:
    """The API server adds defaults, and takes nothing away."""
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            assert_holds(found[name], value)
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_holds(one, other)
    else:
        assert found == wanted
