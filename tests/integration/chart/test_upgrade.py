"""`helm upgrade` from an earlier chart, and `helm uninstall`, on a real API server: chains, their
keys and the resource definition stay what and where they are.

Nothing is released yet. The earlier chart is one of the project's first months, with a CRD and
templates that are older than today's; the first release takes its place.
"""

import json
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from consortium_operator.chain.naming import ChainKey
from consortium_sandbox import Sandbox, tool_path
from tests import chains
from tests.charts import CHART, Chart
from tests.golden import DATA
from tests.kubectl import Kubectl, as_list, eventually, install_crd
from tests.resources import CRD_NAME
from tests.whole_chain import small_plan, whole_chain

pytestmark = pytest.mark.integration

EARLIER = DATA / "chart" / "consortium-operator-0.0.1.tgz"
RELEASE, SYSTEM, CHAINS = "upgraded", "upgrade-system", "upgrade-chains"
VALUES = {"chainNamespaces": [CHAINS], "logLevel": "debug"}
KINDS = "consortiumchains,secrets,configmaps,persistentvolumeclaims,services,statefulsets"
# What only the newer CRD refuses.
NEWLY_REFUSED = {"nodeDefaults": {"podAnnotations": {"consortium.dev/mine": "1"}}}

Versions = dict[str, tuple[str, str]]
"""Path → (uid, all that it holds)."""


class Helm:
    """On one cluster, in one namespace."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._chart = Chart(tool_path("helm"))
        self._where = (f"--namespace={SYSTEM}", f"--kubeconfig={kubectl.kubeconfig}")

    def __call__(self, *words: str, values: dict[str, Any] | None = None) -> str:
        return self._chart.run(*words, *self._where, values=values)

    def uninstall(self) -> None:
        self("uninstall", RELEASE, "--ignore-not-found")


def earlier_crd() -> str:
    with tarfile.open(EARLIER) as packed:
        found = packed.extractfile("consortium-operator/files/consortium.dev_consortiumchains.yaml")
        assert found is not None
        return found.read().decode()


def chain(name: str, **spec: Any) -> dict[str, Any]:
    found = chains.resource(name=name, **spec)
    return found | {"metadata": {"name": name, "namespace": CHAINS}}


def versions(person: Kubectl) -> Versions:
    """Of the chain and all that it consists of. What its controllers write on their own, such as
    the status of a StatefulSet, does not count."""
    listed = person.get(KINDS, f"--namespace={CHAINS}")["items"]
    return {
        f"{obj['kind']}/{obj['metadata']['name']}": (obj["metadata"]["uid"], content(obj))
        for obj in listed
        if obj["metadata"]["name"] != "kube-root-ca.crt"
    }


def content(obj: dict[str, Any]) -> str:
    metadata = {name: obj["metadata"].get(name) for name in ("labels", "deletionTimestamp")}
    kept = {name: value for name, value in obj.items() if name not in ("metadata", "status")}
    return json.dumps([metadata, kept], sort_keys=True)


@pytest.fixture(scope="module")
def person(control_plane: Sandbox) -> Iterator[Kubectl]:
    """The cluster's administrator, with a chain that the earlier chart's operator looks after."""
    kubectl = Kubectl(control_plane.kubeconfig)
    helm = Helm(kubectl)
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CHAINS}}
    apply = ("apply", "--server-side", "--force-conflicts", "--filename=-")
    kubectl(*apply, stdin=earlier_crd())
    kubectl(*apply, stdin=as_list(place))
    # Other tests have made the CRD, which Helm then would not take for its own.
    how = ("--create-namespace", "--take-ownership")
    helm("install", RELEASE, str(EARLIER), *how, values=VALUES)
    eventually(lambda: kubectl.attempt(*apply, stdin=as_list(chain("trade"))).returncode == 0)
    plan = replace(small_plan(), key=ChainKey(CHAINS, "trade"), uid=None)
    kubectl("create", "--filename=-", stdin=as_list(*whole_chain(plan)))
    yield kubectl
    helm.uninstall()
    kubectl("delete", "consortiumchains", "--all", f"--namespace={CHAINS}")
    kubectl("delete", "namespace", CHAINS, SYSTEM, "--wait=false")
    install_crd(control_plane.kubeconfig)


@pytest.fixture(scope="module")
def before(person: Kubectl) -> Versions:
    found = versions(person)
    assert {path.split("/")[0] for path in found} >= {"ConsortiumChain", "Secret", "StatefulSet"}
    return found


@pytest.fixture(scope="module")
def crd(person: Kubectl) -> str:
    """The uid of the resource definition: with another one, all chains would be gone."""
    return uid_of_crd(person)


def uid_of_crd(person: Kubectl) -> str:
    return str(person.get("crd", CRD_NAME)["metadata"]["uid"])


@pytest.fixture(scope="module")
def upgraded(person: Kubectl, before: Versions, crd: str) -> Kubectl:
    """Whoever asks for `before` and `crd` has them from the time before."""
    Helm(person)("upgrade", RELEASE, str(CHART), "--reset-then-reuse-values")
    return person


def test_values_of_the_earlier_chart_alone_are_refused_with_the_fix(
    person: Kubectl, before: Versions
) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        Helm(person)("upgrade", RELEASE, str(CHART), "--reuse-values")
    assert "--reset-then-reuse-values" in refused.value.stderr
    assert versions(person) == before


def test_an_upgrade_leaves_the_chain_and_all_that_it_consists_of(
    upgraded: Kubectl, before: Versions
) -> None:
    assert versions(upgraded) == before


def test_an_upgrade_brings_the_resource_definition_up_to_date_in_its_place(
    upgraded: Kubectl, crd: str
) -> None:
    assert uid_of_crd(upgraded) == crd

    def refusal() -> str:
        bad = as_list(chain("bad", **NEWLY_REFUSED))
        return upgraded.attempt("create", "--dry-run=server", "--filename=-", stdin=bad).stderr

    eventually(lambda: "must not hold keys that start with consortium.dev/" in refusal())


def test_an_upgrade_keeps_the_values_and_rights_that_were_given(upgraded: Kubectl) -> None:
    deployment = upgraded.get(
        "deployment", f"{RELEASE}-consortium-operator", f"--namespace={SYSTEM}"
    )
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert "--log-level=debug" in container["args"]
    account = f"--as=system:serviceaccount:{SYSTEM}:{RELEASE}-consortium-operator"
    for question, answer in ((("create", "secrets"), "yes"), (("delete", "secrets"), "no")):
        ask = ("auth", "can-i", *question, f"--namespace={CHAINS}", account)
        assert upgraded.attempt(*ask).stdout.strip() == answer


def test_uninstalled_and_installed_again_it_finds_all_as_it_was(
    upgraded: Kubectl, before: Versions, crd: str
) -> None:
    helm = Helm(upgraded)
    helm.uninstall()
    assert uid_of_crd(upgraded) == crd
    assert versions(upgraded) == before
    helm("install", RELEASE, str(CHART), "--take-ownership", values=VALUES)
    assert uid_of_crd(upgraded) == crd
    assert versions(upgraded) == before


def test_a_resource_definition_that_was_left_is_brought_up_to_date_by_take_ownership(
    upgraded: Kubectl, before: Versions
) -> None:
    """Without it, Helm finds its own object and leaves it as it is."""
    helm = Helm(upgraded)
    helm.uninstall()
    upgraded("replace", "--filename=-", stdin=earlier_crd())
    helm("install", RELEASE, str(CHART), "--take-ownership", values=VALUES)
    eventually(
        lambda: (
            "podAnnotations" in str(upgraded.get("crd", CRD_NAME)["spec"])
            and "must not hold keys that start with consortium.dev/" in crd_text(upgraded)
        )
    )
    assert versions(upgraded) == before


def crd_text(person: Kubectl) -> str:
    return str(person.get("crd", CRD_NAME)["spec"])
