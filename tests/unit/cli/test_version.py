"""`consortium version`: which client, operator and CRD meet."""

from importlib.metadata import version
from typing import Any

from consortium_operator.api.crd import custom_resource_definition
from consortium_operator.kube.errors import Forbidden, Unavailable
from consortium_operator.kube.kinds import DEPLOYMENT, ObjectKey
from tests.unit.cli.cluster import Cluster
from tests.unit.cli.commands import consortium

CLIENT = f"client: {version('consortium-operator')}, for consortium.dev/v1alpha1\n"
KEY = ObjectKey(DEPLOYMENT, "consortium-system", "consortium-operator")


def deployment(ready: int) -> dict[str, Any]:
    container = {"name": "operator", "image": "mirror.example/operator:0.0.9"}
    return {
        "metadata": {"name": KEY.name, "labels": {"app.kubernetes.io/version": "0.0.9"}},
        "spec": {"template": {"spec": {"containers": [container]}}},
        "status": {"readyReplicas": ready},
    }


def test_the_operator_is_told_as_it_is_installed_and_the_crd_as_it_is_served(
    there: Cluster,
) -> None:
    there.answer, there.listed = custom_resource_definition(), [deployment(1)]
    done = consortium("version")
    assert done.code == 0
    assert done.stdout == (
        CLIENT + "operator: 0.0.9, running, image mirror.example/operator:0.0.9\n"
        "CRD: consortium.dev/v1alpha1\n"
    )
    selector = "app.kubernetes.io/name=consortium-operator"
    assert there.selectors == [(DEPLOYMENT, "consortium-system", selector)]
    found = consortium("version", "-o", "json").json
    assert found == consortium("version", "-o", "yaml").yaml
    assert found["cluster"]["operators"][0]["version"] == "0.0.9"


def test_a_crd_that_does_not_serve_what_the_client_needs_is_told(there: Cluster) -> None:
    there.answer = custom_resource_definition()
    there.answer["spec"]["versions"][0]["name"] = "v2"
    there.listed = [deployment(0)]
    done = consortium("version", "-n", "elsewhere")
    assert "0.0.9, not ready" in done.stdout
    assert "CRD: consortium.dev/v2; this client needs consortium.dev/v1alpha1" in done.stdout


def test_an_empty_cluster_has_neither(there: Cluster) -> None:
    done = consortium("version")
    assert done.code == 0
    assert "operator: none in the namespace consortium-system" in done.stdout
    assert "CRD: not installed" in done.stdout


def test_what_the_caller_may_not_see_is_told_as_such(there: Cluster) -> None:
    there.answer = Forbidden(403, "Forbidden", "no", "list", KEY)
    done = consortium("version")
    assert done.code == 0
    assert done.stdout.count("you may not") == 2


def test_without_a_cluster_the_client_still_knows_its_own(there: Cluster) -> None:
    there.answer = Unavailable(0, "NoAnswer", "refused", "list", KEY)
    assert consortium("version").code == 3
    done = consortium("version", "--client")
    assert (done.code, done.stdout) == (0, CLIENT)
