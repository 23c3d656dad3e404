"""`spec.deletionProtection` on a real API server: the chart's policies refuse the deletion of the
chain, of all chains of a namespace and of the namespace, and say how to go on."""

from collections.abc import Iterator
from typing import Any

import pytest

from consortium_sandbox import Sandbox, tool_path
from tests import chains
from tests.charts import NAMESPACE as OPERATOR_NAMESPACE
from tests.charts import Chart
from tests.kubectl import Kubectl, as_list, eventually, install_crd

pytestmark = pytest.mark.integration

APPLY = ("apply", "--server-side", "--filename=-")
DRY_RUN = "--dry-run=server"
UNPROTECT = ("--type", "merge", "--patch", '{"spec":{"deletionProtection":false}}')
GUARDED, FREE = "protected-chains", "unprotected-chains"


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def chain(name: str, place: str, **spec: Any) -> dict[str, Any]:
    found = chains.resource(name=name, **spec)
    return found | {"metadata": {"name": name, "namespace": place}}


@pytest.fixture(scope="module")
def person(control_plane: Sandbox) -> Iterator[Kubectl]:
    """The cluster's administrator, with the chart installed, two chains in one namespace, of which
    one is protected, and one that is not in another."""
    kubectl = Kubectl(control_plane.kubeconfig)
    objects = Chart(tool_path("helm")).objects()
    wanted = [o for o in objects if o["kind"] not in ("Deployment", "Pod", "ConfigMap")]
    install_crd(control_plane.kubeconfig)
    places = map(namespace, (GUARDED, FREE, OPERATOR_NAMESPACE))
    kubectl(*APPLY, "--force-conflicts", stdin=as_list(*places, *wanted))
    made = (
        chain("trade", GUARDED, deletionProtection=True),
        chain("other", GUARDED, chainId="chain1"),
        chain("open", FREE, chainId="chain2"),
    )
    kubectl(*APPLY, stdin=as_list(*made))
    # Policies, and the chains that one of them reads, take a moment to be known.
    trade = ("consortiumchain", "trade", f"--namespace={GUARDED}")
    eventually(lambda: kubectl.attempt("delete", DRY_RUN, *trade).returncode != 0)
    eventually(lambda: kubectl.attempt("delete", DRY_RUN, "namespace", GUARDED).returncode != 0)
    yield kubectl
    kubectl("patch", "consortiumchain", "trade", f"--namespace={GUARDED}", *UNPROTECT)
    kubectl("delete", "consortiumchains", "--all", f"--namespace={GUARDED}")
    kubectl("delete", "namespace", GUARDED, FREE, "--wait=false")


def refusal(person: Kubectl, *words: str) -> str:
    done = person.attempt("delete", *words)
    assert done.returncode != 0, done.stdout
    return done.stderr


HOW = (
    "kubectl patch consortiumchain trade --namespace protected-chains --type merge --patch "
    """'{"spec":{"deletionProtection":false}}'"""
)


def test_a_protected_chain_is_not_deleted_and_the_message_says_how_to_go_on(
    person: Kubectl,
) -> None:
    told = refusal(person, "consortiumchain", "trade", f"--namespace={GUARDED}")
    assert "chain trade is protected" in told
    assert HOW in told.replace('\\"', '"')
    assert person.get("consortiumchain", "trade", f"--namespace={GUARDED}")


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_no_way_of_deleting_gets_around_it(person: Kubectl, cascade: str) -> None:
    words = ("consortiumchain", "trade", f"--namespace={GUARDED}", f"--cascade={cascade}")
    assert "is protected" in refusal(person, *words, DRY_RUN)


def test_deleting_all_chains_of_the_namespace_keeps_the_protected_one(person: Kubectl) -> None:
    url = f"/apis/consortium.dev/v1alpha1/namespaces/{GUARDED}/consortiumchains"
    assert "is protected" in refusal(person, f"--raw={url}")
    assert person.get("consortiumchain", "trade", f"--namespace={GUARDED}")


def test_its_namespace_is_not_deleted(person: Kubectl) -> None:
    told = refusal(person, "namespace", GUARDED, "--wait=false")
    assert "chain trade in namespace protected-chains is protected" in told
    assert HOW in told.replace('\\"', '"')
    assert person.get("namespace", GUARDED)["status"]["phase"] == "Active"


def test_what_is_not_protected_may_go(person: Kubectl) -> None:
    person("delete", "consortiumchain", "open", f"--namespace={FREE}", DRY_RUN)
    person("delete", "namespace", FREE, DRY_RUN)
    person("delete", "namespace", OPERATOR_NAMESPACE, DRY_RUN)


def test_everything_else_about_a_protected_chain_may_change(person: Kubectl) -> None:
    change = '{"spec":{"paused":true},"metadata":{"annotations":{"a":"b"}}}'
    words = ("consortiumchain", "trade", f"--namespace={GUARDED}", "--type=merge")
    person("patch", *words, f"--patch={change}", DRY_RUN)


def test_the_command_of_the_message_takes_the_protection_away(person: Kubectl) -> None:
    trade = ("consortiumchain", "trade", f"--namespace={GUARDED}")
    person("patch", *trade, *UNPROTECT)
    person("delete", *trade, DRY_RUN)
    eventually(lambda: person.attempt("delete", "namespace", GUARDED, DRY_RUN).returncode == 0)
    person("patch", *trade, "--type=merge", '--patch={"spec":{"deletionProtection":true}}')
    refusal(person, *trade, DRY_RUN)
