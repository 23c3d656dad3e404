"""From the resource to the plan: defaults, overrides, names, image."""

from typing import Any

import pytest

from consortium_operator.api.conditions import Reason
from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource
from consortium_operator.chain.plan import Settings, make_plan
from consortium_operator.chain.register import AuthorityKind
from tests import chains
from tests.chains import member, node


def test_nodes_come_in_a_fixed_order() -> None:
    plan = chains.plan(
        member("webank", node("shenzhen", count=2), node("beijing")), member("huawei")
    )
    assert [found.path for found in plan.nodes] == [
        "huawei/node-0",
        "webank/beijing-0",
        "webank/shenzhen-0",
        "webank/shenzhen-1",
    ]
    assert [found.name for found in plan.members] == ["huawei", "webank"]


def test_a_node_is_found_by_member_and_by_object_name() -> None:
    plan = chains.plan(member("webank", node("a", count=2)), member("huawei"))
    assert [found.path for found in plan.nodes_of("webank")] == ["webank/a-0", "webank/a-1"]
    assert plan.by_object_name["trade-huawei-node-0"].path == "huawei/node-0"


def test_the_quorum_counts_weights() -> None:
    plan = chains.plan(member("webank", node("a", count=2, weight=3)), member("huawei"))
    assert plan.quorum.total_weight == 7
    assert plan.quorum.required == 5


def test_defaults_fill_what_a_node_entry_does_not_set() -> None:
    plan = chains.plan(
        nodeDefaults={"storage": {"size": "50Gi"}, "podLabels": {"team": "a"}},
    )
    assert plan.nodes[0].storage.size == "50Gi"
    assert plan.nodes[0].pod_labels == {"team": "a"}


def test_an_override_replaces_the_whole_key() -> None:
    entry = node("a", placement={"zone": "z1"}, podLabels={}, podAnnotations={"x": "y"})
    plan = chains.plan(
        member("webank", entry),
        nodeDefaults={"placement": {"region": "r1"}, "podLabels": {"team": "a"}},
    )
    found = plan.nodes[0]
    assert (found.placement.zone, found.placement.region) == ("z1", None)
    assert found.pod_labels == {}
    assert found.pod_annotations == {"x": "y"}


def test_two_nodes_never_share_an_object_name() -> None:
    with pytest.raises(InvalidResource) as refused:
        chains.plan(member("a", node("b-c")), member("a-b", node("c")), member("d"), member("e"))
    (problem,) = refused.value.problems
    assert problem.reason is Reason.NAME_CONFLICT
    assert problem.path == "spec.members"
    assert "a/b-c-0 and a-b/c-0" in problem.message
    assert "trade-a-b-c-0" in problem.message


def test_the_refusal_names_only_nodes_of_one_name() -> None:
    with pytest.raises(InvalidResource) as refused:
        chains.plan(member("a", node("b-c"), node("b-d")), member("a-b", node("c"), node("d")))
    assert refused.value.problems[0].message.startswith("a/b-c-0 and a-b/c-0 would share")


def test_two_members_never_share_the_name_of_a_client() -> None:
    with pytest.raises(InvalidResource) as refused:
        chains.plan(member("x"), member("x-operator"), member("y-operator"))
    (problem,) = refused.value.problems
    assert (problem.path, problem.reason) == ("spec.members", Reason.NAME_CONFLICT)
    assert problem.message == (
        "x and x-operator would share the object name trade-x-operator-client: rename one of them"
    )


def test_a_member_says_which_of_its_keys_it_brings() -> None:
    entry = node("a", identity={"secretName": "key"})
    one = member("webank", entry, node("b")) | {"clientAuthority": {"secretName": "ca"}}
    plan = chains.plan(one, member("huawei"))
    huawei, webank = plan.members
    assert huawei.brought == {}
    assert webank.brought == {AuthorityKind.CLIENT: "ca"}
    assert [each.key_secret for each in plan.nodes] == [
        "trade-huawei-node-0-identity",
        "key",
        "trade-webank-b-0-identity",
    ]


SHARED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "two members' node CAs": (
        [
            member("a") | {"certificateAuthority": {"secretName": "ca"}},
            member("b") | {"certificateAuthority": {"secretName": "ca"}},
        ],
        "spec.members[1].certificateAuthority.secretName",
    ),
    "one member's clients and another's nodes": (
        [
            member("a") | {"clientAuthority": {"secretName": "ca"}},
            member("b") | {"certificateAuthority": {"secretName": "ca"}},
        ],
        "spec.members[1].certificateAuthority.secretName",
    ),
    "two nodes": (
        [member("a", *(node(n, identity={"secretName": "key"}) for n in ("x", "y")))],
        "spec.members[0].nodes[1].identity.secretName",
    ),
}


@pytest.mark.parametrize("case", SHARED)
def test_a_key_is_brought_for_one_purpose(case: str) -> None:
    members, path = SHARED[case]
    with pytest.raises(InvalidResource) as refused:
        chains.plan(*members)
    (problem,) = refused.value.problems
    assert problem.path == path
    assert "as well" in problem.message


def test_one_secret_may_hold_a_ca_and_a_nodes_key() -> None:
    one = member("a", node("x", identity={"secretName": "mine"}))
    chains.plan(one | {"certificateAuthority": {"secretName": "mine"}})


def test_the_image_is_the_catalogues_for_the_version() -> None:
    image = chains.plan().image
    assert image.reference == chains.SETTINGS.image_catalogue["3.16.4"]
    assert image.pull_policy == "IfNotPresent"


def test_an_image_of_the_resource_wins() -> None:
    image = {"repository": "r.example/node", "tag": "v1", "pullSecrets": [{"name": "s"}]}
    found = chains.plan(image=image).image
    assert (found.reference, found.pull_secrets) == ("r.example/node:v1", ("s",))
    digest = "sha256:" + "1" * 64
    assert chains.plan(image=image | {"digest": digest}).image.reference == (
        f"r.example/node@{digest}"
    )


def test_a_pull_policy_alone_leaves_the_catalogues_image() -> None:
    found = chains.plan(image={"pullPolicy": "Always"}).image
    assert found.reference == chains.SETTINGS.image_catalogue["3.16.4"]
    assert found.pull_policy == "Always"


def test_without_any_image_the_message_says_where_to_name_one() -> None:
    with pytest.raises(InvalidResource) as refused:
        make_plan(parse(chains.resource()), Settings("consortium-system", {}))
    (problem,) = refused.value.problems
    assert problem.reason is Reason.IMAGE_REQUIRED
    assert "spec.image.repository" in problem.message
    assert "imageCatalogue" in problem.message
    assert "for version 3.16.4, only for none" in problem.message


def test_without_an_image_for_the_version_those_that_there_are_are_named() -> None:
    older = Settings("consortium-system", {"3.15.2": "r.example/node:old", "3.6.1": "r.example/n"})
    with pytest.raises(InvalidResource, match=r"only for 3\.6\.1, 3\.15\.2: set"):
        make_plan(parse(chains.resource()), older)


def test_a_resource_that_was_only_rendered_has_no_uid() -> None:
    body = chains.resource()
    del body["metadata"]["uid"]
    assert make_plan(parse(body), chains.SETTINGS).uid is None
    assert chains.plan().uid == chains.UID
