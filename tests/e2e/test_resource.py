"""The resource as people meet it with kubectl."""

import json
from typing import Any

import pytest

from tests.e2e.support.chain import Chain
from tests.resources import with_fields

NODES = "spec.members[0].nodes"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"spec.chainId": "trade-chain"}, "spec.chainId"),
        ({"spec.version": "v3.16.4"}, "spec.version"),
        ({"spec.chainID": "typo"}, "spec.chainID"),
        ({f"{NODES}[0].count": 0}, f"{NODES}[0].count"),
        ({"spec.nodeDefaults.storage.size": "1Gi"}, "spec.nodeDefaults.storage"),
        ({NODES: [{"name": "a"}, {"name": "a"}]}, f"{NODES}[1]"),
        ({"spec.fiscoBcos.rpc": {"port": 30300}}, "rpc.port"),
        ({"spec.rollout": {"strategy": "manual"}}, "strategy"),
    ],
)
def test_an_invalid_resource_is_refused_with_the_field_in_the_message(
    quickstart: Chain, fields: dict[str, Any], named: str
) -> None:
    body = with_fields(quickstart.manifest, fields | {"metadata.name": "refused"})
    done = quickstart.kubectl.attempt("create", "--filename=-", stdin=json.dumps(body))
    assert done.returncode != 0
    assert named in done.stderr


def test_what_block_0_holds_cannot_be_edited(quickstart: Chain) -> None:
    body = quickstart.with_spec(chainId="another")
    apply = ("apply", "--server-side", "--field-manager=person", "--filename=-")
    done = quickstart.kubectl.attempt(*apply, stdin=json.dumps(body))
    assert done.returncode != 0
    assert "spec.chainId" in done.stderr


def test_kubectl_get_shows_how_the_chain_is(quickstart: Chain) -> None:
    head, row = quickstart.kubectl("get", "cchain", quickstart.here).splitlines()
    assert head.split() == [
        *("NAME", "ENGINE", "MEMBERS", "SEALERS", "MARGIN", "READY", "STATUS", "AGE")
    ]
    message = "the chain runs: 4 of 4 weight live, 3 needed, margin 1"
    assert row.startswith("quickstart ")
    assert row.split()[1:6] == ["FiscoBcos", "4", "4/4", "1", "True"]
    # A column starts where its title does.
    assert row[head.index("STATUS") :].startswith(message)


def test_kubectl_explain_says_what_a_member_is(quickstart: Chain) -> None:
    text = quickstart.kubectl("explain", "cchain.spec.members")
    said = " ".join(text.split())
    assert "FIELD: members <[]Object>" in said
    assert "The organisations, by name" in said
    assert "name <string> -required- Name of the organisation." in said
    assert "nodes <[]Object> -required- The member's nodes, by name." in said
    _, _, fields = text.partition("FIELDS:")
    described = [block.splitlines() for block in fields.strip().split("\n\n")]
    assert len(described) == 5
    assert all(len(lines) > 1 for lines in described), "every field says what it is"
