"""Resources that are not accepted, and edits that this version does not make: the field is named,
and the chain stays as it is."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_operator.kube.kinds import CONFIG_MAP, CONSORTIUM_CHAIN, SERVICE
from consortium_sandbox import Sandbox
from tests.api_server import CRD, Api, Body, Refused
from tests.integration.operator.conftest import Namespaces, NewChain
from tests.integration.operator.support.chain import Chain
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until
from tests.kubectl import Kubectl
from tests.resources import BAD, BASE, CRD_FILE, CRD_NAME


@pytest.fixture(scope="module")
def chain(api: Api, namespaces: Namespaces, operator: OperatorProcess) -> Chain:
    chain = Chain(api, namespaces.make(), operator.log)
    chain.found()
    return chain


def test_a_version_that_cannot_run_the_chain_is_refused(chain: Chain) -> None:
    before = chain.versions()
    chain.edit(version="3.16.3", image={"repository": "registry.example/node", "tag": "3.16.3"})
    told = chain.wait("UpToDate", "False", "DowngradeRefused")
    assert told["message"].startswith("spec.version: 3.16.3 cannot run this chain")
    assert chain.versions() == before
    chain.edit(version="3.16.4", image=None)
    chain.wait_founded()
    assert chain.versions() == before


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("spec.chainId", {"chainId": "another"}),
        ("spec.fiscoBcos.groupId", {"fiscoBcos": {"groupId": "group1"}}),
        ("spec.fiscoBcos.genesis", {"fiscoBcos": {"genesis": {"gasLimit": 2000000000}}}),
    ],
)
def test_what_the_chain_was_founded_with_cannot_be_edited(
    chain: Chain, field: str, spec: Body
) -> None:
    with pytest.raises(Refused) as refused:
        chain.edit(**spec)
    assert refused.value.status == 422
    assert field in refused.value.message


def test_while_paused_nothing_is_written_but_status(
    chain: Chain, operator: OperatorProcess
) -> None:
    before = chain.versions()
    status = chain.conditions()
    chain.edit(paused=True)
    wait_observed(chain)
    chain.api.delete(SERVICE, chain.namespace, "trade-webank-n-0")
    chain.api.patch(
        CONFIG_MAP, chain.namespace, "trade-trust", {"data": {"ffffffff.0": "mallory's CA"}}
    )
    damaged = chain.versions()
    assert damaged != before
    chain.edit(paused=True, nodeDefaults={"podLabels": {"team": "ledger"}})
    wait_observed(chain)
    operator.restart()
    operator.look_again(chain.poke)
    assert chain.versions() == damaged
    paused = chain.conditions()
    assert {name: one["status"] for name, one in paused.items()} == {
        name: one["status"] for name, one in status.items()
    }
    chain.edit(paused=False, nodeDefaults={"podLabels": None})
    wait_until(lambda: is_repaired(chain, set(before)), "all is repaired", chain.report)
    chain.wait_founded()


def wait_observed(chain: Chain) -> None:
    generation = chain.resource()["metadata"]["generation"]
    wait_until(
        lambda: chain.resource()["status"]["observedGeneration"] == generation,
        "the status follows",
        chain.report,
    )


def is_repaired(chain: Chain, paths: set[str]) -> bool:
    trust = chain.get(CONFIG_MAP, "trade-trust")
    assert trust is not None
    return set(chain.versions()) == paths and "ffffffff.0" not in trust["data"]


def test_a_chain_that_is_written_paused_is_founded_when_it_goes_on(new_chain: NewChain) -> None:
    chain = new_chain(paused=True)
    chain.create()
    chain.wait("Ready", "False")
    assert chain.children() == []
    chain.edit(paused=False)
    chain.wait_founded()


@pytest.fixture
def lax_schema(control_plane: Sandbox, api: Api, tmp_path: Path) -> Iterator[None]:
    """The CRD as a tool or an older cluster may leave it: the shape of things, and no rules."""
    crd = yaml.safe_load(CRD_FILE.read_text("utf-8"))
    kubectl = Kubectl(control_plane.kubeconfig)
    replace = ("replace", "--filename=-")
    kubectl(*replace, stdin=json.dumps(without_rules(crd)))
    try:
        probe = {"metadata": {"name": "probe"}, "spec": {"chainId": "chain-0"}}
        wait_until(lambda: accepts(api, probe), "the API server has no rules", lambda: "")
        yield
    finally:
        kubectl(*replace, stdin=json.dumps(crd))
        wait_until(lambda: not accepts(api, probe), "the API server has rules", lambda: "")
        assert api.get(CRD, "", CRD_NAME)


def takes(chain: Chain) -> bool:
    """Whether the API server stores the resource, and all of it."""
    try:
        chain.create()
    except Refused:
        return False
    return bool(chain.resource()["spec"] == chain.manifest["spec"])


def accepts(api: Api, body: Body) -> bool:
    try:
        api.create(CONSORTIUM_CHAIN, "default", copy.deepcopy(body))
    except Refused:
        return False
    api.delete(CONSORTIUM_CHAIN, "default", body["metadata"]["name"])
    return True


_RULES = {
    *("x-kubernetes-validations", "pattern", "enum", "required", "default"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
    *("minProperties", "maxProperties", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
}


def without_rules(schema: Any, *, in_properties: bool = False) -> Any:
    """Everything but types. A property may be called like a rule."""
    if isinstance(schema, list):
        return [without_rules(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: without_rules(value, in_properties=name == "properties" and not in_properties)
        for name, value in schema.items()
        if in_properties or name not in _RULES
    }


@pytest.mark.campaign
def test_without_rules_in_the_crd_the_operator_refuses_and_names_the_field(
    lax_schema: None, new_chain: NewChain, operator: OperatorProcess
) -> None:
    """The whole table of bad resources: one judge is gone, and the other says the same."""
    refused = []
    for number, case in enumerate(BAD):
        chain = new_chain(name=f"bad-{number}")
        spec = copy.deepcopy(case.body["spec"])
        if spec.get("chainId") == BASE["spec"]["chainId"]:
            spec["chainId"] = f"bad{number}"  # else they would be twins
        chain.manifest["spec"] = spec
        # What the server refuses by its type, or drops since no schema has it, is not for us.
        if case.field != "metadata.name" and takes(chain):
            refused.append((case, chain))
    assert len(refused) >= 50
    for case, chain in refused:
        told = chain.wait("SpecValid", "False", says=case.field)
        # Where there are more, the first gives the reason.
        assert told["reason"] == case.reason or "; " in told["message"], case.title
        assert chain.conditions()["Stalled"]["status"] == "True", case.title
        assert chain.children() == [], case.title
    assert operator.work().errors == 0
