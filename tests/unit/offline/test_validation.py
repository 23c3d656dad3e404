"""Everything that is wrong with a file, at once, with lines: as the API server and the operator."""

import copy
from typing import Any

import pytest
import yaml

from consortium_operator.engines.registry import ENGINES
from consortium_operator.offline.validation import UNREADABLE, Validation, validate
from tests import chains
from tests.resources import BAD, GOOD, QUICKSTART_FILE, Case, with_fields

CATALOGUE = chains.SETTINGS.image_catalogue


def check(*bodies: Any, catalogue: Any = CATALOGUE) -> Validation:
    text = yaml.safe_dump_all(bodies, sort_keys=False, allow_unicode=True)
    return validate(text.encode(), ENGINES, catalogue)


def resource(**spec: Any) -> dict[str, Any]:
    body = chains.resource(**spec)
    body["metadata"].pop("uid")
    return body


def found(validation: Validation) -> list[tuple[int, str, str]]:
    return [(one.line, one.path, one.reason) for one in validation.complaints]


def test_the_example_is_valid() -> None:
    result = validate(QUICKSTART_FILE.read_bytes(), ENGINES)
    assert result.is_valid
    assert [one.chain.metadata.name for one in result.chains] == ["quickstart"]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.title)
def test_a_good_resource_has_only_complaints_of_the_engine(case: Case) -> None:
    """What the API server accepts, the operator may still refuse; both are told here."""
    result = check(case.body, catalogue=None)
    assert [one for one in result.complaints if one.reason == UNREADABLE] == []
    assert result.is_valid or all(one.path for one in result.complaints)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.title)
def test_a_bad_resource_is_refused_at_the_field_that_both_judges_name(case: Case) -> None:
    result = check(case.body)
    assert not result.is_valid
    assert any(
        path.startswith(case.field) and reason == case.reason for _, path, reason in found(result)
    )
    assert all(one.line > 0 for one in result.complaints)


def test_all_errors_come_at_once_with_their_lines() -> None:
    text = """\
apiVersion: consortium.dev/v1alpha1
kind: ConsortiumChain
metadata:
  name: Trade
spec:
  version: 3.16
  chainID: chain0
  members:
  - name: webank
    nodes:
    - name: shenzhen
      count: "2"
"""
    assert found(validate(text.encode(), ENGINES)) == [
        (4, "metadata.name", "Invalid"),
        (5, "spec.chainId", "Invalid"),
        (6, "spec.version", "Invalid"),
        (7, "spec.chainID", "Invalid"),
        (12, "spec.members[0].nodes[0].count", "Invalid"),
    ]


def test_what_the_engine_refuses_is_told_too() -> None:
    body = resource(version="3.99.0")
    assert found(check(body)) == [(7, "spec.version", "UnknownVersion")]
    overlay = {"txpool": {"limit": "many"}, "experimental": {"force_sender": "x"}}
    result = check(resource(fiscoBcos={"config": overlay}))
    assert {path for _, path, _ in found(result)} == {
        "spec.fiscoBcos.config.experimental.force_sender",
        "spec.fiscoBcos.config.txpool.limit",
    }


def test_nodes_that_would_share_a_name_are_refused() -> None:
    result = check(
        resource(
            members=[
                chains.member("a", chains.node("b-c")),
                chains.member("a-b", chains.node("c")),
            ]
        )
    )
    assert [(path, reason) for _, path, reason in found(result)] == [
        ("spec.members", "NameConflict")
    ]


def test_other_documents_are_passed_over_with_a_note() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "chains"}}
    result = check(namespace, resource())
    assert result.is_valid
    assert [(one.line, one.message) for one in result.notes] == [
        (1, "Namespace chains is no ConsortiumChain: it is passed over")
    ]


def test_a_kind_of_this_name_in_another_group_is_passed_over() -> None:
    foreign = resource() | {"apiVersion": "other.example/v1"}
    assert [one.message for one in check(foreign, resource()).notes] == [
        "ConsortiumChain chains/trade is no ConsortiumChain: it is passed over"
    ]
    misspelt = resource() | {"apiVersion": "consortium.dev/v1"}
    assert found(check(misspelt)) == [(1, "apiVersion", "Invalid")]


@pytest.mark.parametrize("text", ["", "a: 1\n---\n", "[1, 2]\n", "just words\n", "kind: [a]\n"])
def test_a_file_without_a_chain_is_invalid(text: str) -> None:
    result = validate(text.encode(), ENGINES)
    assert not result.is_valid
    assert all(one.message for one in result.complaints)


def test_a_file_of_other_kinds_only_is_invalid() -> None:
    (complaint,) = check(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}
    ).complaints
    assert complaint.message == "there is no ConsortiumChain in it"


def test_several_chains_are_judged_each_by_itself() -> None:
    bad = resource(version="v3.16.4")
    bad["metadata"]["name"] = "other"
    result = check(resource(), bad)
    assert [one.chain.metadata.name for one in result.chains] == ["trade"]
    assert {one.chain for one in result.complaints} == {"chains/other"}


def test_two_chains_of_one_name_or_one_chain_id_are_refused() -> None:
    again, twin = resource(chainId="chain9"), resource()
    twin["metadata"]["name"] = "twin"
    result = check(resource(), again, twin)
    assert [(one.path, one.reason) for one in result.complaints] == [
        ("metadata.name", "Invalid"),
        ("spec.chainId", "ChainIdNotUnique"),
    ]
    assert "the chain chains/trade has the same chainId" in result.complaints[1].message


def test_the_chains_of_a_list_are_judged() -> None:
    bad = with_fields(resource(), {"spec.members[0].name": "A"})
    result = check({"apiVersion": "v1", "kind": "List", "items": [resource(), bad]})
    assert [one.path for one in result.complaints] == ["spec.members[0].name"]
    assert result.complaints[0].line > 20


def test_broken_yaml_is_a_complaint_among_others() -> None:
    text = yaml.safe_dump(resource(version="9.9.9"), sort_keys=False) + "---\na: [\n"
    result = validate(text.encode(), ENGINES)
    assert {one.reason for one in result.complaints} == {"UnknownVersion", UNREADABLE}


def test_an_image_that_only_the_operator_may_know_is_a_note() -> None:
    unknown = check(resource(), catalogue=None)
    assert unknown.is_valid
    assert [one.line for one in unknown.notes] == [7]
    assert check(resource()).notes == []
    assert found(check(resource(), catalogue={})) == [(6, "spec.image", "ImageRequired")]
    own = resource(image={"repository": "registry.example/node", "tag": "1"})
    assert check(own, catalogue=None).notes == []


def test_a_missing_namespace_is_a_note_and_a_bad_one_an_error() -> None:
    body = resource()
    del body["metadata"]["namespace"]
    assert "`default` is taken here" in check(body).notes[0].message
    for name in ("A", "../x", "a" * 64):
        other = copy.deepcopy(body)
        other["metadata"]["namespace"] = name
        assert found(check(other)) == [(5, "metadata.namespace", "Invalid")]


def test_a_zone_that_holds_more_than_may_fail_is_a_note() -> None:
    zones = {"huawei": "a", "ping-an": "a", "tencent": "b", "webank": "c"}
    members = [
        chains.member(name, chains.node("node", placement={"zone": zone}))
        for name, zone in zones.items()
    ]
    result = check(resource(members=members))
    assert result.is_valid
    assert [one.message for one in result.notes] == [
        "zone a holds 2 of the weight 4, of which 1 may fail: where it is lost, no block is made"
    ]
    assert check(resource(members=members[1:])).notes == [], "with three, nothing may fail at all"


def test_what_a_server_wrote_into_a_resource_does_not_matter() -> None:
    """As `kubectl get --output yaml` prints it."""
    body = resource()
    body["metadata"] |= {"uid": "1", "resourceVersion": "2", "managedFields": [], "generation": 3}
    body["status"] = {"height": "nonsense"}
    assert check(body).is_valid
