"""What `consortium doctor` says of a cluster, one thing at a time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from consortium_operator.cli.doctor.checks import examine
from consortium_operator.cli.doctor.disruption import selects
from consortium_operator.cli.doctor.facts import Facts
from consortium_operator.cli.doctor.finding import Finding, Severity, lines
from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.person import Server
from tests.chains import member, node
from tests.unit.cli.doctor.healthy import (
    IMAGE,
    MEMBERS,
    NODES,
    NOW,
    chain,
    deployment,
    facts,
    host,
    named,
    of_node,
    pod,
    storage_class,
    with_chain,
    with_cluster,
    with_namespace,
    with_operator,
)

OK, UNKNOWN, WARNING, ERROR = Severity.OK, Severity.UNKNOWN, Severity.WARNING, Severity.ERROR


def found(there: Facts, check: str, severity: Severity) -> list[Finding]:
    return [one for one in examine(there) if (one.check, one.severity) == (check, severity)]


def only(there: Facts, check: str, severity: Severity) -> Finding:
    (one,) = found(there, check, severity)
    return one


def test_in_a_healthy_cluster_nothing_is_wrong() -> None:
    bad = [one for one in examine(facts()) if one.severity in (WARNING, ERROR)]
    assert bad == []


def test_what_a_pull_alone_could_tell_is_said_to_be_unknown() -> None:
    unknown = only(facts(), "image", UNKNOWN)
    assert "4 of 4 nodes run it" in unknown.message
    assert "nothing was pulled" in unknown.message


def test_whatever_is_not_as_it_should_be_comes_with_a_fix() -> None:
    wrong = [
        with_cluster(definition=None, storage_classes=(), daemon_sets=(named("kube-flannel-ds"),)),
        with_namespace(itself=None, pods=()),
        with_operator(deployments=(), bindings=(), roles=()),
    ]
    for there in wrong:
        bad = [one for one in examine(there) if one.severity in (WARNING, ERROR)]
        assert bad
        assert all(one.fix for one in bad)


@pytest.mark.parametrize(
    ("there", "check", "severity", "words"),
    [
        (with_cluster(definition=None), "crd", ERROR, "not installed"),
        (
            with_operator(deployments=(deployment() | {"status": {}},)),
            "operator",
            ERROR,
            "no pod of it is ready",
        ),
        (
            with_operator(deployments=(deployment(**{"app.kubernetes.io/version": "0.0.9"}),)),
            "operator",
            WARNING,
            "runs version 0.0.9, and this client is of 0.1.0",
        ),
        (with_cluster(storage_classes=()), "storage", ERROR, "volumes without a class stay"),
        (
            with_cluster(
                storage_classes=(storage_class("a", default=True, allowVolumeExpansion=False),)
            ),
            "storage",
            WARNING,
            "cannot grow",
        ),
        (
            with_cluster(
                storage_classes=(storage_class("a", default=True, volumeBindingMode="Immediate"),)
            ),
            "storage",
            WARNING,
            "before it is known where the pod runs",
        ),
        (
            with_chain(
                chain(nodeDefaults={"storage": {"size": "2Gi", "storageClassName": "gone"}})
            ),
            "storage",
            ERROR,
            "there is no storage class gone; there are: fast",
        ),
        (
            with_cluster(ranges=(named("tiny", spec={"cidrs": ["10.0.0.0/30"]}),)),
            "addresses",
            ERROR,
            "2 addresses are free, and the chains here still need 4",
        ),
        (
            with_operator(catalogue={"3.15.2": IMAGE}),
            "image",
            ERROR,
            "no image of this version; it has: 3.15.2",
        ),
        (
            with_operator(catalogue={"3.16.4": "registry.example/fisco-bcos:v3.16.4"}),
            "image",
            WARNING,
            "is a tag",
        ),
        (with_cluster(dns=(named("d", endpoints=[]),)), "dns", ERROR, "do not resolve"),
        (with_cluster(dns=()), "dns", UNKNOWN, "was not found"),
        (with_cluster(daemon_sets=()), "policies", UNKNOWN, "cannot be known"),
        (with_cluster(daemon_sets=(named("kindnet"),)), "policies", UNKNOWN, "kindnet"),
        (with_namespace(itself=None), "pod-security", ERROR, "not there"),
        (with_namespace(itself=named("chains")), "pod-security", WARNING, "mostly privileged"),
        (with_operator(bindings=()), "operator's rights", ERROR, "may not get secrets"),
        (with_chain(chain(ready=False)), "chain", WARNING, "node webank/node-0 is down"),
        (with_chain(chain(version="nine")), "chain", ERROR, ""),
    ],
)
def test_each_fault_is_told(there: Facts, check: str, severity: Severity, words: str) -> None:
    assert words in only(there, check, severity).message


def test_the_command_that_gives_the_operator_its_rights_names_its_account() -> None:
    fix = only(with_operator(bindings=()), "operator's rights", ERROR).fix
    assert fix == "add chains to the chart's value chainNamespaces"
    role = {"kind": "ClusterRole", **named("consortium-operator-chain-namespace", rules=[])}
    fix = only(with_operator(bindings=(), roles=(role,)), "operator's rights", ERROR).fix or ""
    assert "--namespace chains --clusterrole consortium-operator-chain-namespace" in fix
    assert "--serviceaccount consortium-system:consortium-operator" in fix


def test_a_crd_with_other_fields_is_of_another_version() -> None:
    there = facts()
    definition = there.cluster.definition
    assert isinstance(definition, dict)
    version = definition["spec"]["versions"][0]
    other = version | {"schema": {"openAPIV3Schema": {"type": "object"}}}
    changed = definition | {"spec": definition["spec"] | {"versions": [other]}}
    assert "not those of" in only(with_cluster(definition=changed), "crd", WARNING).message


@pytest.mark.parametrize(
    ("version", "severity"), [("v1.30.9", ERROR), ("v1.31.0+k3s1", OK), ("odd", UNKNOWN)]
)
def test_a_server_that_is_too_old_is_told(version: str, severity: Severity) -> None:
    clock = replace(facts().cluster.clock, server=Server(version, NOW))
    assert found(with_cluster(clock=clock), "server", severity)


@pytest.mark.parametrize(
    ("seconds", "severity"), [(-90, WARNING), (-6, OK), (30, WARNING), (3200, ERROR)]
)
def test_a_host_whose_clock_or_kubelet_is_off_is_told(seconds: int, severity: Severity) -> None:
    beat = (NOW + timedelta(seconds=seconds)).isoformat()
    there = with_cluster(heartbeats=(named("host-0", spec={"renewTime": beat}),))
    assert any("host" in one.subject for one in found(there, "clocks", severity))


def test_a_clock_here_that_is_off_is_told() -> None:
    clock = replace(facts().cluster.clock, here=NOW - timedelta(minutes=2))
    message = only(with_cluster(clock=clock), "clocks", WARNING).message
    assert message == "the clock here is 120 s behind the API server's"


def test_an_address_that_somebody_else_took_is_told_with_its_owner() -> None:
    taken = named("10.96.0.10", spec={"parentRef": {"namespace": "web", "name": "shop"}})
    services = facts().namespace.services
    assert not isinstance(services, Hidden)
    there = with_namespace(services=services[1:])
    there = replace(there, cluster=replace(there.cluster, addresses=(taken,)))
    assert "10.96.0.10 is web/shop's" in only(there, "addresses", WARNING).message


def test_an_image_that_nobody_gives_is_told_with_the_reason() -> None:
    waiting = {"reason": "ImagePullBackOff", "message": "unauthorized"}
    stuck = of_node(NODES[0], status={"containerStatuses": [{"state": {"waiting": waiting}}]})
    there = with_namespace(pods=(stuck,))
    assert only(there, "image", ERROR).message == "ImagePullBackOff: unauthorized"


def test_sealers_that_run_on_one_host_stop_the_chain_with_it() -> None:
    pods = tuple(pod(name, "host-0" if n < 2 else f"host-{n}") for n, name in enumerate(NODES))
    subjects = [one.subject for one in found(with_namespace(pods=pods), "quorum", WARNING)]
    assert subjects == ["trade: zone zone-0", "trade: host host-0"]


def test_a_zone_is_told_once_though_both_the_spec_and_the_pods_are_there() -> None:
    members = [member(name, node("node", placement={"zone": "zone-0"})) for name in MEMBERS]
    there = with_chain(chain(*members))
    zones = [host(f"host-{n}", "zone-0") for n in range(4)]
    there = replace(there, cluster=replace(there.cluster, hosts=tuple(zones)))
    (told,) = found(there, "quorum", WARNING)
    assert "is told to hold 4 of 4" in told.message


def test_a_chain_that_stands_no_loss_is_told_once() -> None:
    there = with_chain(chain(member("a"), member("b")))
    assert "any of its sealers" in only(there, "quorum", WARNING).message


def test_a_foreign_budget_over_the_chains_pods_is_told() -> None:
    budget = named("theirs", spec={"selector": {"matchLabels": {"consortium.dev/chain": "trade"}}})
    told = only(with_namespace(budgets=(budget,)), "disruption", ERROR)
    assert "selects 4 of the chain's pods" in told.message
    other = named("other", spec={"selector": {"matchLabels": {"app": "web"}}})
    assert found(with_namespace(budgets=(other,)), "disruption", OK)


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ({}, {}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {"a": "1"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
    ],
)
def test_budgets_select_as_the_api_server_does(
    selector: dict[str, Any], labels: dict[str, str], selected: bool
) -> None:
    assert selects(selector, labels) is selected


def test_what_the_caller_may_not_see_is_unknown_and_never_wrong() -> None:
    no = Hidden("you may not list it")
    there = Facts(
        "0.1.0",
        replace(
            facts().cluster,
            definition=no,
            storage_classes=no,
            ranges=no,
            addresses=no,
            hosts=no,
            heartbeats=no,
            dns=no,
            daemon_sets=no,
        ),
        replace(facts().operator, deployments=no, catalogue=no, bindings=no, roles=no),
        replace(
            facts().namespace,
            itself=no,
            rights={},
            config_maps=no,
            services=no,
            pods=no,
            budgets=no,
        ),
    )
    findings = examine(there)
    assert {one.severity for one in findings} == {OK, UNKNOWN}
    unseen = {one.check for one in findings if one.severity is UNKNOWN}
    assert unseen >= {"crd", "operator", "storage", "addresses", "image", "dns", "your rights"}


def test_people_read_a_line_for_each_finding_and_the_fixes_below() -> None:
    text = "\n".join(lines(examine(with_cluster(definition=None))))
    assert "ERROR  " in text
    assert "ERROR crd, consortiumchains.consortium.dev: to put it right" in text
    assert text.endswith("errors: 1, warnings: 0, not checked: 2, ok: 17")
