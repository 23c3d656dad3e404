"""The CRD on a real API server: it is taken, and it judges as parse() does."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from consortium_operator.api.parse import parse
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN
from consortium_sandbox import Sandbox, tool_path
from tests.api_server import Api, Refused
from tests.kubectl import install_crd
from tests.resources import BAD, BASE, CRD_NAME, GOOD, QUICKSTART_FILE, Case, with_fields

pytestmark = pytest.mark.integration

SHA256 = "0123456789abcdef" * 4


class Kubectl:
    """kubectl on the control plane. What it refuses is its result, not an exception."""

    def __init__(self, kubeconfig: str) -> None:
        self._kubeconfig = kubeconfig

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(tool_path("kubectl")), "--kubeconfig", self._kubeconfig, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def output(self, *arguments: str, stdin: str = "") -> str:
        done = self(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def kubectl(control_plane: Sandbox) -> Kubectl:
    install_crd(control_plane.kubeconfig)
    return Kubectl(str(control_plane.kubeconfig))


@pytest.fixture(scope="module")
def api(control_plane: Sandbox, kubectl: Kubectl) -> Iterator[Api]:
    """Of a server that has the CRD. A process of kubectl takes longer than all its answers."""
    with closing(Api(control_plane.kubeconfig)) as api:
        yield api


@pytest.fixture
def chain(kubectl: Kubectl) -> Any:
    """A stored chain, and a function that tries an edit of it."""
    kubectl.output("create", "--filename=-", stdin=json.dumps(BASE))

    def edit(patch: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        return kubectl("patch", "cchain", "trade", "--type=merge", f"--patch={json.dumps(patch)}")

    yield edit
    kubectl.output("delete", "cchain", "trade", "--wait=true")


Edit = Callable[[dict[str, Any]], subprocess.CompletedProcess[str]]


def test_the_api_server_finds_the_schema_structural(kubectl: Kubectl) -> None:
    crd = json.loads(kubectl.output("get", "crd", CRD_NAME, "--output=json"))
    status = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert status["Established"] == "True"
    assert status["NamesAccepted"] == "True"
    assert "NonStructuralSchema" not in status


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.title)
def test_a_good_resource_is_taken_and_stored_as_the_same_chain(api: Api, case: Case) -> None:
    judged = api.judge(CONSORTIUM_CHAIN, "default", case.body)
    assert parse(judged).spec == parse(case.body).spec


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.title)
def test_a_bad_resource_is_refused_by_its_field(api: Api, case: Case) -> None:
    with pytest.raises(Refused) as refused:
        api.judge(CONSORTIUM_CHAIN, "default", case.body)
    assert case.field in refused.value.message


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"chainId": "chain1"}, "spec.chainId"),
        ({"fiscoBcos": {"groupId": "group1"}}, "spec.fiscoBcos.groupId"),
        ({"fiscoBcos": {"consensus": {"epochBlockNum": 2}}}, "spec.fiscoBcos.consensus"),
        ({"fiscoBcos": {"genesis": {"gasLimit": 200000}}}, "spec.fiscoBcos.genesis"),
        ({"fiscoBcos": {"executor": {"authCheck": False}}}, "spec.fiscoBcos.executor"),
        ({"fiscoBcos": {"ledger": {"keyPageSize": 10240}}}, "spec.fiscoBcos.ledger"),
        ({"fiscoBcos": {"cryptography": "SM"}}, "spec.fiscoBcos.cryptography"),
    ],
)
def test_what_was_founded_cannot_be_edited(chain: Edit, patch: Any, field: str) -> None:
    refused = chain({"spec": patch})
    assert refused.returncode != 0
    assert f"{field}: Forbidden: is immutable" in refused.stderr


def test_what_was_founded_cannot_be_removed_and_come_back_different(
    kubectl: Kubectl, chain: Edit
) -> None:
    for removed in ({"fiscoBcos": None}, {"fiscoBcos": {"genesis": None}}):
        assert chain({"spec": removed}).returncode == 0
        refused = chain({"spec": {"fiscoBcos": {"genesis": {"gasLimit": 200000}}}})
        assert "spec.fiscoBcos.genesis: Forbidden" in refused.stderr


def test_a_founded_value_cannot_fall_back_to_the_default(kubectl: Kubectl) -> None:
    body = with_fields(
        BASE, {"metadata.name": "own", "spec.fiscoBcos": {"genesis": {"gasLimit": 200000}}}
    )
    kubectl.output("create", "--filename=-", stdin=json.dumps(body))
    try:
        for patch in ('{"spec":{"fiscoBcos":null}}', '{"spec":{"fiscoBcos":{"genesis":null}}}'):
            refused = kubectl("patch", "cchain", "own", "--type=merge", f"--patch={patch}")
            assert "spec.fiscoBcos.genesis: Forbidden" in refused.stderr
    finally:
        kubectl.output("delete", "cchain", "own")


def test_the_genesis_hash_may_be_added_once(chain: Edit) -> None:
    assert chain({"spec": {"fiscoBcos": {"genesisSha256": SHA256}}}).returncode == 0
    for value in (None, SHA256[::-1]):
        refused = chain({"spec": {"fiscoBcos": {"genesisSha256": value}}})
        assert "spec.fiscoBcos.genesisSha256: Forbidden: may be added once" in refused.stderr


def test_members_and_version_may_be_edited(chain: Edit) -> None:
    members = [*BASE["spec"]["members"], {"name": "huawei", "nodes": [{"name": "dongguan"}]}]
    assert chain({"spec": {"members": members, "version": "3.16.5"}}).returncode == 0


def test_members_are_merged_by_name(kubectl: Kubectl, chain: Edit) -> None:
    apply = {
        "apiVersion": BASE["apiVersion"],
        "kind": BASE["kind"],
        "metadata": BASE["metadata"],
        "spec": {
            "version": BASE["spec"]["version"],
            "chainId": BASE["spec"]["chainId"],
            "members": [{"name": "huawei", "nodes": [{"name": "dongguan"}]}],
        },
    }
    stored = json.loads(
        kubectl.output(
            "apply",
            "--server-side",
            "--field-manager=another",
            "--output=json",
            "--filename=-",
            stdin=json.dumps(apply),
        )
    )
    names = [member["name"] for member in stored["spec"]["members"]]
    assert sorted(names) == ["huawei", "tencent", "webank"]


def test_a_fresh_chain_reads_as_in_progress(kubectl: Kubectl, chain: Edit) -> None:
    header, row = kubectl.output("get", "cchain", "trade").splitlines()
    assert header.split() == [
        "NAME",
        "ENGINE",
        "MEMBERS",
        "SEALERS",
        "MARGIN",
        "READY",
        "STATUS",
        "AGE",
    ]
    assert row.split()[:3] == ["trade", "FiscoBcos", "Unknown"]
    assert "Waiting for the operator" in row


def test_a_status_is_shown_in_the_columns(kubectl: Kubectl, chain: Edit) -> None:
    status = {
        "observedGeneration": 1,
        "memberCount": 2,
        "sealers": "2/3",
        "quorum": {"totalWeight": 3, "required": 3, "live": 2, "margin": -1},
        "conditions": [
            {
                "type": "Ready",
                "status": "False",
                "reason": "QuorumLost",
                "message": "2 of 3 live",
                "lastTransitionTime": "2026-08-01T10:00:00Z",
            }
        ],
    }
    kubectl.output(
        "patch",
        "cchain",
        "trade",
        "--subresource=status",
        "--type=merge",
        f"--patch={json.dumps({'status': status})}",
    )
    _, row = kubectl.output("get", "cchain", "trade").splitlines()
    assert row.split()[:9] == [
        *("trade", "FiscoBcos", "2", "2/3", "-1", "False"),
        *("2", "of", "3"),
    ]


def test_chains_are_not_among_all_so_that_delete_all_spares_them(
    kubectl: Kubectl, chain: Edit
) -> None:
    assert "trade" not in kubectl.output("get", "all")
    assert "trade" in kubectl.output("get", "consortium")


@pytest.mark.parametrize("field", ["members", "members.nodes", "fiscoBcos", "nodeDefaults.storage"])
def test_explain_describes_every_field(kubectl: Kubectl, field: str) -> None:
    text = kubectl.output("explain", f"consortiumchains.spec.{field}")
    assert "<no description>" not in text


def test_explain_tells_the_default_and_the_bounds_of_a_member(kubectl: Kubectl) -> None:
    text = " ".join(kubectl.output("explain", "cchain.spec.members").split())
    assert "name <string> -required- Name of the organisation." in text
    assert "DNS label of at most 30 characters" in text
    assert "Default: the operator makes one." in text


def test_the_quickstart_is_taken_as_written(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "consortium-demo")
    kubectl.output("apply", "--dry-run=server", f"--filename={QUICKSTART_FILE}")
