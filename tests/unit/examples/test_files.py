"""What somebody copies out of examples/ is good, and tells its reader what it is."""

import re
from collections import Counter
from pathlib import Path

import pytest

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.api.parse import parse
from consortium_operator.chain.fault_domains import DomainKind, fault_domains, unplaced_weight
from consortium_operator.chain.plan import Plan, make_plan
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from tests.chains import SETTINGS
from tests.documents import Document
from tests.examples import (
    DIRECTORY,
    FILES,
    brought_secrets,
    chains_of,
    commands_of,
    example,
    named_namespaces,
    objects_of,
    secrets_by_recipe,
)
from tests.unit.cli.commands import consortium

files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
TABLE = Document(DIRECTORY / "README.md")


def plan_of(path: Path) -> Plan:
    (chain,) = chains_of(path)
    return make_plan(parse(chain), SETTINGS)


@files
def test_consortium_validate_takes_it(path: Path) -> None:
    done = consortium("validate", "--file", path)
    assert done.code == 0, done.stdout
    for chain in chains_of(path):
        named = f"{chain['metadata']['namespace']}/{chain['metadata']['name']} is valid"
        assert named in done.stdout


@files
def test_it_begins_with_what_it_is_for_and_says_how_to_apply_it(path: Path) -> None:
    text = path.read_text("utf-8")
    comment = re.match(r"(?:#.*\n)+", text)
    assert comment is not None
    assert len(comment[0].split()) >= 20
    assert max(map(len, comment[0].splitlines())) <= 110
    if path.stem != "quickstart":  # `make demo` applies it
        assert f"examples/{path.name}" in text or brought_secrets(chains_of(path)[0])


@files
def test_each_namespace_is_made_on_the_same_page_or_by_the_demo(path: Path) -> None:
    made = {one["metadata"]["name"] for one in objects_of(path) if one["kind"] == "Namespace"}
    told = {
        command.split()[-1]
        for command in commands_of(path)
        if command.startswith("kubectl create namespace ")
    }
    assert named_namespaces(path) <= made | told | {"consortium-demo"}


@files
def test_every_secret_that_it_names_is_explained(path: Path) -> None:
    text = path.read_text("utf-8")
    wanted = {name for chain in chains_of(path) for name in brought_secrets(chain)}
    made = set(re.findall(r"kubectl create secret (?:tls|generic) (\S+)", text))
    assert bool(wanted) == bool(made)
    assert made <= wanted


def test_the_table_lists_every_file_once() -> None:
    listed = re.findall(r"^\| \[([\w-]+\.yaml)\]\(\1\)", TABLE.text, re.MULTILINE)
    assert sorted(listed) == [path.name for path in FILES]


def test_no_two_chains_of_the_examples_have_one_id() -> None:
    """They may all be applied to one cluster."""
    chains = [one for path in FILES for one in chains_of(path)]
    assert len({one["spec"]["chainId"] for one in chains}) == len(chains)
    places = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in chains}
    assert len(places) == len(chains)


def test_fourteen_organisations_have_nodes_in_twenty_five_cities() -> None:
    plan = plan_of(example("fourteen-organisations"))
    assert len(plan.members) == 14
    assert len({node.group for node in plan.nodes}) == 25
    assert Counter(node.role.value for node in plan.nodes) == {"Sealer": 15, "Observer": 11}
    assert {node.weight for node in plan.sealers} == {1, 2}


def test_any_region_of_the_fourteen_may_be_lost_with_a_city_of_another() -> None:
    """As the comment says."""
    plan = plan_of(example("fourteen-organisations"))
    assert (plan.quorum.total_weight, plan.quorum.faulty, plan.quorum.required) == (22, 7, 15)
    assert unplaced_weight(plan) == 0
    domains = fault_domains(plan)
    assert not any(one.is_concentrated for one in domains)
    regions = {one.name: one.weight for one in domains if one.kind is DomainKind.REGION}
    cities = {one.name: one.weight for one in domains if one.kind is DomainKind.ZONE}
    assert max(regions.values()) == regions["cn-east"] == regions["cn-north"] == 4
    for region, weight in regions.items():
        elsewhere = max(w for city, w in cities.items() if not city.startswith(f"{region}/"))
        assert weight + elsewhere <= plan.quorum.faulty


def test_the_hardened_chain_survives_the_loss_of_a_zone() -> None:
    plan = plan_of(example("hardened"))
    assert unplaced_weight(plan) == 0
    assert not any(one.is_concentrated for one in fault_domains(plan))


def hardened() -> ConsortiumChain:
    (chain,) = chains_of(example("hardened"))
    return parse(chain)


def test_the_hardened_chain_has_everything_closed() -> None:
    spec = hardened().spec
    assert spec.deletion_protection
    assert spec.image.digest is not None
    assert spec.rollout.strategy.value == "Manual"
    assert spec.fisco_bcos.peers.mode.value == "Listed"
    assert spec.fisco_bcos.executor.auth_check
    assert spec.fisco_bcos.rpc.tls
    assert spec.network_policy.enabled
    assert spec.network_policy.clients
    kept = hardened().metadata.annotations
    assert kept["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
    assert kept["kustomize.toolkit.fluxcd.io/prune"] == "disabled"


def test_the_hardened_file_makes_what_its_chain_names() -> None:
    others = {one["kind"]: one for one in objects_of(example("hardened"))}
    classes = {
        group.placement.priority_class_name
        for member in hardened().spec.members
        for group in member.nodes
        if group.placement is not None
    }
    assert classes == {others["PriorityClass"]["metadata"]["name"]}
    enforced = others["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert enforced == "restricted"
    dialled = others["NetworkPolicy"]["spec"]["egress"][0]["ports"]
    process = FiscoBcos().process(plan_of(example("hardened")))
    assert [one["port"] for one in dialled] == [process.p2p.number]


def test_the_keys_of_the_recipes_are_what_the_operator_takes(tmp_path: Path) -> None:
    (governor,) = secrets_by_recipe(example("governors"), tmp_path)
    register = FiscoBcos().account_register(PrivateFiles.from_secret_data(governor["data"]))
    told = consortium("inspect", tmp_path / "account.pem", "--output", "json")
    assert register.address in told.stdout
