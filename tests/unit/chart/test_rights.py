"""What the operator may do in a cluster: as little as its work needs."""

from typing import Any

import pytest

from tests.charts import NAMESPACE, RELEASE, Chart, Objects, of_kind, only
from tests.golden import check_golden

CHAIN_NAMESPACE_ROLE = f"{RELEASE}-chain-namespace"
LEASE_ROLE = f"{RELEASE}-lease"

Right = tuple[str, str, str]
"""API group, resource, verb."""


def roles(objects: Objects) -> Objects:
    return of_kind(objects, "ClusterRole") + of_kind(objects, "Role")


def rights(objects: Objects, role: str) -> set[Right]:
    found = next(o for o in roles(objects) if o["metadata"]["name"] == role)
    return {
        (group, resource, verb)
        for rule in found["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def all_rights(objects: Objects) -> set[Right]:
    names = [o["metadata"]["name"] for o in roles(objects)]
    return set().union(*(rights(objects, name) for name in names))


def as_table(found: set[Right]) -> str:
    verbs: dict[tuple[str, str], list[str]] = {}
    for group, resource, verb in sorted(found):
        verbs.setdefault((group or "core", resource), []).append(verb)
    return "".join(f"{g}/{r}: {', '.join(v)}\n" for (g, r), v in verbs.items())


# The same guarantees, wherever the rights stand and however many operators there are.
INSTALLATIONS: list[dict[str, Any]] = [
    {},
    {"replicas": 2},
    {"scope": "Namespaced", "chainNamespaces": ["a", "b"], "replicas": 2},
]
each_installation = pytest.mark.parametrize("values", INSTALLATIONS)


def test_the_rights_are_those_that_were_reviewed(chart: Chart) -> None:
    objects = chart.objects(replicas=2)
    check_golden(
        "chart/rights.txt",
        f"# everywhere\n{as_table(rights(objects, RELEASE))}\n"
        f"# in the chains' namespaces\n{as_table(rights(objects, CHAIN_NAMESPACE_ROLE))}\n"
        f"# in its own namespace, where two run\n{as_table(rights(objects, LEASE_ROLE))}",
    )


def test_in_named_namespaces_it_has_the_same_rights_there_and_no_others(chart: Chart) -> None:
    everywhere = chart.objects()
    named = chart.objects(scope="Namespaced", chainNamespaces=["a", "b"])
    assert all_rights(named) == all_rights(everywhere)
    assert of_kind(named, "ClusterRole") + of_kind(named, "ClusterRoleBinding") == []
    for kind in ("Role", "RoleBinding"):
        assert [o["metadata"]["namespace"] for o in of_kind(named, kind)] == ["a", "b"]


def test_the_lease_is_the_operators_own_and_no_other_is_touched(chart: Chart) -> None:
    objects = chart.objects(replicas=2)
    (role,) = (o for o in of_kind(objects, "Role") if o["metadata"]["name"] == LEASE_ROLE)
    assert role["metadata"]["namespace"] == NAMESPACE
    named, nameless = role["rules"]
    assert (named["resourceNames"], named["verbs"]) == ([RELEASE], ["get", "update"])
    assert nameless["verbs"] == ["create"]
    assert not [right for right in all_rights(chart.objects()) if "leases" in right]


@each_installation
def test_no_right_is_a_wildcard(chart: Chart, values: dict[str, Any]) -> None:
    assert not any("*" in part for right in all_rights(chart.objects(**values)) for part in right)


@each_installation
def test_secrets_are_read_by_name_and_created_and_nothing_else(
    chart: Chart, values: dict[str, Any]
) -> None:
    found = all_rights(chart.objects(**values))
    assert {verb for _, resource, verb in found if resource == "secrets"} == {"get", "create"}


def test_a_volume_is_never_deleted(chart: Chart) -> None:
    verbs = {
        verb
        for _, resource, verb in all_rights(chart.objects())
        if resource.startswith("persistentvolume")
    }
    assert verbs == {"get", "list", "watch", "create", "patch"}


def test_a_pod_is_only_ever_evicted(chart: Chart) -> None:
    found = {(r, verb) for _, r, verb in all_rights(chart.objects()) if r.startswith("pods")}
    assert found == {
        ("pods", "get"),
        ("pods", "list"),
        ("pods", "watch"),
        ("pods/eviction", "create"),
    }


def test_the_resource_itself_is_never_written(chart: Chart) -> None:
    found = {(r, v) for group, r, v in all_rights(chart.objects()) if group == "consortium.dev"}
    assert {v for r, v in found if r == "consortiumchains"} == {"get", "list", "watch"}
    assert {v for r, v in found if r == "consortiumchains/status"} == {"patch"}


@pytest.mark.parametrize("group", ["rbac.authorization.k8s.io", "authentication.k8s.io"])
def test_the_operator_hands_out_no_rights(chart: Chart, group: str) -> None:
    assert not [right for right in all_rights(chart.objects()) if right[0] == group]


def bindings(objects: Objects, role: str) -> list[dict[str, Any]]:
    found = of_kind(objects, "RoleBinding") + of_kind(objects, "ClusterRoleBinding")
    return [binding for binding in found if binding["roleRef"]["name"] == role]


def test_by_default_no_namespace_is_given_to_chains(chart: Chart) -> None:
    assert bindings(chart.objects(), CHAIN_NAMESPACE_ROLE) == []


def test_each_named_namespace_gets_a_binding_of_its_own(chart: Chart) -> None:
    found = bindings(chart.objects(chainNamespaces=["a", "b"]), CHAIN_NAMESPACE_ROLE)
    assert [(b["kind"], b["metadata"]["namespace"]) for b in found] == [
        ("RoleBinding", "a"),
        ("RoleBinding", "b"),
    ]


def test_a_star_gives_every_namespace(chart: Chart) -> None:
    (found,) = bindings(chart.objects(chainNamespaces=["*"]), CHAIN_NAMESPACE_ROLE)
    assert found["kind"] == "ClusterRoleBinding"


@each_installation
def test_every_binding_is_for_the_operators_own_account(
    chart: Chart, values: dict[str, Any]
) -> None:
    objects = chart.objects(**({"chainNamespaces": ["a"]} | values))
    account = {
        "kind": "ServiceAccount",
        "name": only(objects, "ServiceAccount")["metadata"]["name"],
        "namespace": NAMESPACE,
    }
    for binding in of_kind(objects, "RoleBinding") + of_kind(objects, "ClusterRoleBinding"):
        assert binding["subjects"] == [account]


def test_the_policy_on_retained_objects_is_enforced_for_that_account(chart: Chart) -> None:
    objects = chart.objects()
    ours = [o for o in objects if o["metadata"]["name"].endswith("-retained-objects")]
    policy = only(ours, "ValidatingAdmissionPolicy")
    binding = only(ours, "ValidatingAdmissionPolicyBinding")
    account = only(objects, "ServiceAccount")["metadata"]["name"]
    assert binding["spec"] == {
        "policyName": policy["metadata"]["name"],
        "validationActions": ["Deny"],
    }
    assert policy["spec"]["failurePolicy"] == "Fail"
    (condition,) = policy["spec"]["matchConditions"]
    assert condition["expression"] == (
        f"request.userInfo.username == 'system:serviceaccount:{NAMESPACE}:{account}'"
    )


def test_the_rights_on_events_are_to_write_them_and_no_more(chart: Chart) -> None:
    found = {(r, verb) for _, r, verb in all_rights(chart.objects()) if r == "events"}
    assert found == {("events", "create"), ("events", "patch")}


def test_a_protected_chain_is_protected_from_everybody(chart: Chart) -> None:
    objects = chart.objects()
    for name in ("deletion-protection", "deletion-protection-of-namespaces"):
        ours = [o for o in objects if o["metadata"]["name"] == f"{RELEASE}-{name}"]
        policy = only(ours, "ValidatingAdmissionPolicy")
        assert "matchConditions" not in policy["spec"]
        (rule,) = policy["spec"]["matchConstraints"]["resourceRules"]
        assert rule["operations"] == ["DELETE"]
        assert only(ours, "ValidatingAdmissionPolicyBinding")["spec"]["validationActions"] == [
            "Deny"
        ]
