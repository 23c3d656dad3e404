"""The chart's rights on a real API server: what the operator's account can do to the objects of a
chain, and what not even its own mistake can do."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from consortium_operator.chain.naming import ChainKey
from consortium_operator.manifests import Manifest
from consortium_sandbox import Sandbox, tool_path
from tests.charts import NAMESPACE as OPERATOR_NAMESPACE
from tests.charts import RELEASE, Chart
from tests.golden import check_golden
from tests.kubectl import Kubectl, as_list, eventually
from tests.whole_chain import small_plan, whole_chain

pytestmark = pytest.mark.integration

CHAINS = "rights-chains"
ELSEWHERE = "rights-elsewhere"
DRY_RUN = "--dry-run=server"
APPLY = ("apply", "--server-side", "--filename=-")
NOT_HERE = ("CustomResourceDefinition", "Deployment", "Pod")


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


@pytest.fixture(scope="module")
def person(control_plane: Sandbox) -> Kubectl:
    """The cluster's administrator, who has installed the chart."""
    kubectl = Kubectl(control_plane.kubeconfig)
    objects = Chart(tool_path("helm")).objects(chainNamespaces=[CHAINS])
    namespaces = map(namespace, (CHAINS, ELSEWHERE, OPERATOR_NAMESPACE))
    wanted = [o for o in objects if o["kind"] not in NOT_HERE]
    kubectl(*APPLY, stdin=as_list(*namespaces, *wanted))
    return kubectl


@pytest.fixture(scope="module")
def operator(person: Kubectl) -> Kubectl:
    """The operator's account, once the policy on retained objects is at work."""
    account = f"system:serviceaccount:{OPERATOR_NAMESPACE}:{RELEASE}"
    operator = Kubectl(person.kubeconfig, account)
    canary = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "canary",
            "namespace": CHAINS,
            "labels": {"consortium.dev/part": "genesis"},
        },
    }
    person(*APPLY, stdin=json.dumps(canary))
    delete = ("delete", "configmap", "canary", f"--namespace={CHAINS}", DRY_RUN)
    eventually(lambda: "never deletes" in operator.attempt(*delete).stderr)
    return operator


@pytest.fixture(scope="module")
def objects(person: Kubectl, operator: Kubectl) -> Iterator[list[Manifest]]:
    """A chain's objects, made by the operator's account. Tests leave them as they are: a dry run
    is judged like the real thing."""
    plan = replace(small_plan(), key=ChainKey(CHAINS, "trade"), uid=None)
    made = whole_chain(plan)
    operator("create", "--filename=-", stdin=as_list(*made))
    yield made
    kinds = "secrets,configmaps,services,pvc,statefulsets,pdb,networkpolicies"
    person("delete", kinds, "--selector=consortium.dev/chain", f"--namespace={CHAINS}")


def path(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def part(manifest: Manifest) -> str:
    found: str = manifest["metadata"]["labels"]["consortium.dev/part"]
    return found


def test_it_can_make_and_repair_and_remove_what_is_disposable(
    operator: Kubectl, objects: list[Manifest]
) -> None:
    retained = {"identity", "tls", "authority", "client", "operator-client", "admin"}
    retained |= {"register", "genesis", "journal", "data"}
    disposable = [o for o in objects if part(o) not in retained]
    operator(*APPLY, DRY_RUN, "--force-conflicts", stdin=as_list(*disposable))
    operator("delete", DRY_RUN, f"--namespace={CHAINS}", *map(path, disposable))


def test_it_can_write_the_journal(operator: Kubectl, objects: list[Manifest]) -> None:
    journal = next(o for o in objects if part(o) == "journal")
    operator(
        *APPLY, DRY_RUN, "--force-conflicts", stdin=as_list(journal | {"data": {"node": "{}"}})
    )


def irreplaceable(objects: list[Manifest]) -> list[Manifest]:
    kinds = ("Secret", "PersistentVolumeClaim")
    parts = ("register", "genesis", "journal")
    return [o for o in objects if o["kind"] in kinds or part(o) in parts]


def test_it_can_delete_nothing_irreplaceable(operator: Kubectl, objects: list[Manifest]) -> None:
    kept = irreplaceable(objects)
    assert {o["kind"] for o in kept} == {"Secret", "PersistentVolumeClaim", "ConfigMap"}
    for manifest in kept:
        done = operator.attempt("delete", DRY_RUN, f"--namespace={CHAINS}", path(manifest))
        assert done.returncode != 0, path(manifest)
        assert "orbidden" in done.stderr or "never deletes" in done.stderr, done.stderr


def test_it_can_delete_no_collection(operator: Kubectl, objects: list[Manifest]) -> None:
    for kind in ("secrets", "configmaps", "persistentvolumeclaims", "pods"):
        url = f"/api/v1/namespaces/{CHAINS}/{kind}"
        done = operator.attempt("delete", f"--raw={url}")
        assert done.returncode != 0
        assert "forbidden" in done.stderr.lower(), done.stderr


def test_it_can_change_no_key_register_or_genesis(
    operator: Kubectl, objects: list[Manifest]
) -> None:
    patch = '{"metadata":{"labels":{"consortium.dev/part":"config"}}}'
    kept = [o for o in irreplaceable(objects) if part(o) not in ("journal", "data")]
    for manifest in kept:
        done = operator.attempt(
            "patch",
            DRY_RUN,
            f"--namespace={CHAINS}",
            path(manifest),
            "--type=merge",
            f"--patch={patch}",
        )
        assert done.returncode != 0, path(manifest)
        assert "orbidden" in done.stderr or "never changes" in done.stderr, done.stderr


def test_a_person_may_delete_what_the_operator_may_not(
    person: Kubectl, objects: list[Manifest]
) -> None:
    genesis = next(o for o in objects if part(o) == "genesis")
    person("delete", DRY_RUN, f"--namespace={CHAINS}", path(genesis))


@pytest.mark.parametrize(
    "question",
    [
        ("list", "secrets"),
        ("watch", "secrets"),
        ("delete", "secrets"),
        ("create", "pods/exec"),
        ("create", "pods"),
        ("delete", "pods"),
        ("delete", "persistentvolumeclaims"),
        ("create", "rolebindings"),
        ("create", "serviceaccounts/token"),
        ("patch", "consortiumchains.consortium.dev"),
    ],
    ids=" ".join,
)
def test_some_things_it_may_do_nowhere(operator: Kubectl, question: tuple[str, str]) -> None:
    done = operator.attempt("auth", "can-i", *question, f"--namespace={CHAINS}")
    assert done.stdout.strip() == "no"


@pytest.mark.parametrize("verb", ["get", "create"])
def test_secrets_are_open_in_the_named_namespaces_only(operator: Kubectl, verb: str) -> None:
    def may(namespace: str) -> str:
        ask = ("auth", "can-i", verb, "secrets", f"--namespace={namespace}")
        return operator.attempt(*ask).stdout.strip()

    assert (may(CHAINS), may(ELSEWHERE), may(OPERATOR_NAMESPACE)) == ("yes", "no", "no")


@pytest.mark.parametrize("place", [CHAINS, ELSEWHERE])
def test_all_that_it_may_do_was_reviewed(operator: Kubectl, place: str) -> None:
    """`kubectl auth can-i --list`, as the API server answers it: also what others than the chart
    grant to every account."""
    listed = operator("auth", "can-i", "--list", f"--namespace={place}")
    title, *lines = (line.rstrip() for line in listed.splitlines())
    check_golden(f"chart/can-i-{place}.txt", "\n".join([title, *sorted(lines)]) + "\n")
