"""A pipeline and the operator on one chain: neither takes from the other, nor from people."""

import copy
import json
import os
import subprocess
from typing import Any

import pytest

from consortium_operator.api.kept import KEPT_BY_PIPELINES
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    PERSISTENT_VOLUME_CLAIM,
    SECRET,
)
from consortium_operator.kube.ownership import STATUS_MANAGER
from consortium_sandbox import Sandbox, tool_path
from tests.api_server import Api, Body, labels_of
from tests.documents import Document
from tests.health_judges import ARGO_CHECK
from tests.integration.operator.conftest import Namespaces
from tests.integration.operator.support.chain import Chain, members, version_of
from tests.integration.operator.support.process import OperatorProcess
from tests.kubectl import Kubectl, as_list
from tests.resources import REPOSITORY

PIPELINE = "--field-manager=argocd-controller"
WRITTEN_ONCE = (SECRET, CONFIG_MAP, PERSISTENT_VOLUME_CLAIM)
GITOPS = Document(REPOSITORY / "docs" / "gitops.md")


@pytest.fixture(scope="module")
def kubectl(control_plane: Sandbox) -> Kubectl:
    return Kubectl(control_plane.kubeconfig)


@pytest.fixture(scope="module")
def chain(api: Api, namespaces: Namespaces, operator: OperatorProcess, kubectl: Kubectl) -> Chain:
    """As a pipeline makes it."""
    chain = Chain(api, namespaces.make(), operator.log, of=members("tencent", "webank"))
    sync(kubectl, as_in_git(chain))
    chain.wait_founded()
    return chain


def as_in_git(chain: Chain, **spec: Any) -> Body:
    manifest = copy.deepcopy(chain.manifest)
    manifest["spec"] |= spec
    return {"apiVersion": "consortium.dev/v1alpha1", "kind": "ConsortiumChain"} | manifest


def sync(kubectl: Kubectl, body: Body, *options: str) -> Body:
    words = ("apply", "--server-side", PIPELINE, "--filename=-", "--output=json", *options)
    found: Body = json.loads(kubectl(*words, stdin=json.dumps(body)))
    return found


def differs(chain: Chain, kubectl: Kubectl, body: Body) -> bool:
    """What a pipeline asks before it syncs. kubectl compares two answers of the API server, so
    what the operator writes into the status between them would count as a difference.
    """
    chain.wait_still()
    words = ("diff", "--server-side", PIPELINE, "--filename=-")
    done = kubectl.attempt(*words, stdin=json.dumps(body))
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 1


def test_the_operator_writes_nothing_but_the_status(chain: Chain) -> None:
    metadata = chain.resource()["metadata"]
    owners = {
        (one["manager"], one["operation"], one.get("subresource"))
        for one in metadata["managedFields"]
    }
    assert owners == {
        ("argocd-controller", "Apply", None),
        (STATUS_MANAGER, "Update", "status"),
    }
    assert metadata["generation"] == 1
    assert not metadata.keys() & {"annotations", "labels", "finalizers", "ownerReferences"}


def test_what_is_in_sync_stays_in_sync(chain: Chain, kubectl: Kubectl) -> None:
    """Whatever defaults the API server put into the lists of members and nodes."""
    assert not differs(chain, kubectl, as_in_git(chain))
    before = version_of(chain.resource())
    sync(kubectl, as_in_git(chain))
    assert version_of(chain.resource()) == before


def test_a_dry_run_shows_the_change_and_makes_none(
    chain: Chain, kubectl: Kubectl, operator: OperatorProcess
) -> None:
    more = as_in_git(chain, members=members("newcomer", "tencent", "webank"))
    assert differs(chain, kubectl, more)
    before = chain.versions() | {"resource": version_of(chain.resource())}
    tried = sync(kubectl, more, "--dry-run=server")
    assert len(tried["spec"]["members"]) == 3
    chain.wait_still()
    assert chain.versions() | {"resource": version_of(chain.resource())} == before


def test_what_people_and_other_tools_set_stays_when_the_pipeline_syncs(
    chain: Chain, kubectl: Kubectl
) -> None:
    here = f"--namespace={chain.namespace}"
    kubectl("annotate", "cchain", chain.name, here, "consortium.dev/restart=webank/n-0@now")
    kubectl("label", "cchain", chain.name, here, "team=ledger")
    kubectl(
        *("patch", "cchain", chain.name, here, "--type=merge"),
        *("--patch", '{"spec":{"certificates":{"renewBefore":"700h"}}}'),
    )
    assert not differs(chain, kubectl, as_in_git(chain))
    sync(kubectl, as_in_git(chain))
    resource = chain.resource()
    assert resource["metadata"]["annotations"]["consortium.dev/restart"] == "webank/n-0@now"
    assert labels_of(resource)["team"] == "ledger"
    assert resource["spec"]["certificates"]["renewBefore"] == "700h"
    assert not differs(chain, kubectl, as_in_git(chain))


def test_marks_that_another_tool_applies_to_children_stay(
    chain: Chain, kubectl: Kubectl, operator: OperatorProcess
) -> None:
    marked = [
        {
            "apiVersion": one["apiVersion"],
            "kind": one["kind"],
            "metadata": {
                "name": one["metadata"]["name"],
                "namespace": chain.namespace,
                "labels": {"backup": "nightly"},
                "annotations": {"example.com/backup": "nightly"},
            },
        }
        for one in chain.children()
    ]
    words = ("apply", "--server-side", "--field-manager=backup", "--filename=-")
    kubectl(*words, "--validate=false", stdin=as_list(*marked))
    operator.look_again(chain.poke)
    for obj in chain.children():
        assert labels_of(obj)["backup"] == "nightly", obj["metadata"]["name"]
        assert obj["metadata"]["annotations"]["example.com/backup"] == "nightly"


def retained(chain: Chain) -> list[Body]:
    """What outlives the resource and is written once."""
    return [
        one
        for one in chain.children(*WRITTEN_ONCE)
        if not one["metadata"].get("ownerReferences") and "journal" not in one["metadata"]["name"]
    ]


def test_what_cannot_be_made_again_is_kept_from_every_pipeline(chain: Chain) -> None:
    assert len(retained(chain)) > 20
    for one in retained(chain):
        assert KEPT_BY_PIPELINES.items() <= one["metadata"]["annotations"].items()


def test_older_objects_without_these_marks_are_taken_as_they_are(
    chain: Chain, operator: OperatorProcess
) -> None:
    """They are written once and never again, which is worth more than a mark."""
    unmarked = {"metadata": {"annotations": dict.fromkeys(KEPT_BY_PIPELINES)}}
    kinds = {kind.kind: kind for kind in WRITTEN_ONCE}
    for one in retained(chain):
        chain.api.patch(kinds[one["kind"]], chain.namespace, one["metadata"]["name"], unmarked)
    before = chain.versions(*WRITTEN_ONCE)
    operator.restart()
    operator.look_again(chain.poke)
    assert chain.versions(*WRITTEN_ONCE) == before
    for condition in ("IdentitiesIntact", "GenesisSealed"):
        chain.wait(condition, "True")


def test_the_health_check_is_put_beside_what_argocd_has(api: Api, control_plane: Sandbox) -> None:
    """By the command of docs/gitops.md, as it stands there."""
    (command,) = (one for one in GITOPS.blocks("sh") if "argocd-cm" in one and "kubectl" in one)
    api.create_namespace("argocd", {})
    held = {"metadata": {"name": "argocd-cm"}, "data": {"url": "https://argocd.example.com"}}
    api.create(CONFIG_MAP, "argocd", held)
    path = f"{tool_path('kubectl').parent}:{os.environ['PATH']}"
    environment = os.environ | {"KUBECONFIG": str(control_plane.kubeconfig), "PATH": path}
    subprocess.run(command, shell=True, cwd=REPOSITORY, env=environment, check=True)
    found = api.get(CONFIG_MAP, "argocd", "argocd-cm")
    assert found is not None
    check = "resource.customizations.health.consortium.dev_ConsortiumChain"
    assert found["data"] == held["data"] | {check: ARGO_CHECK.read_text("utf-8")}
