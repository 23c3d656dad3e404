"""The installations without Helm on a real API server: the one file, and a kustomize overlay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consortium_sandbox import Sandbox
from tests.charts import NAMESPACE, RELEASE
from tests.kubectl import Kubectl, eventually
from tests.resources import REPOSITORY

pytestmark = pytest.mark.integration

BASE = REPOSITORY / "deploy" / "kustomize"
EXAMPLE = REPOSITORY / "deploy" / "example"
SERVER_SIDE = ("--server-side", "--force-conflicts")
HERE = f"--namespace={NAMESPACE}"


@pytest.fixture(scope="module")
def person(control_plane: Sandbox) -> Iterator[Kubectl]:
    """The cluster's administrator. What other tests need of an installation stays."""
    kubectl = Kubectl(control_plane.kubeconfig)
    yield kubectl
    kubectl("delete", "deployment", RELEASE, HERE, "--ignore-not-found")
    kubectl("delete", "namespace", "chains", "--ignore-not-found", "--wait=false")


@pytest.fixture(scope="module")
def install_yaml(person: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make install-yaml` writes it to dist/."""
    path = tmp_path_factory.mktemp("dist") / "install.yaml"
    person("kustomize", str(BASE), "--output", str(path))
    return path


def test_one_file_installs_everything_at_once(person: Kubectl, install_yaml: Path) -> None:
    """Also the namespace and the CRD, which others of its objects need."""
    person("apply", *SERVER_SIDE, f"--filename={install_yaml}")
    deployment = person.get("deployment", RELEASE, HERE)
    assert deployment["spec"]["replicas"] == 1
    eventually(lambda: person.attempt("get", "cchain", "--all-namespaces").returncode == 0)


def test_to_apply_it_again_changes_nothing(person: Kubectl, install_yaml: Path) -> None:
    again = person("apply", *SERVER_SIDE, f"--filename={install_yaml}")
    assert again.count("serverside-applied") == len(again.splitlines())
    done = person.attempt("diff", *SERVER_SIDE, f"--filename={install_yaml}")
    assert (done.returncode, done.stdout) == (0, "")


def test_an_overlay_names_images_and_a_namespace_for_chains(person: Kubectl) -> None:
    person("apply", *SERVER_SIDE, f"--kustomize={EXAMPLE}")
    (container,) = person.get("deployment", RELEASE, HERE)["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/consortium-operator:0.1.0"
    account = f"--as=system:serviceaccount:{NAMESPACE}:{RELEASE}"
    may = ("auth", "can-i", "create", "secrets", "--namespace=chains", account)
    eventually(lambda: person.attempt(*may).stdout.strip() == "yes")
