"""`consortium certificates`: whose they are, who signed them and how long they hold."""

from datetime import timedelta
from typing import Any

import pytest

from consortium_operator.chain.naming import ChildPart
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.cli.certificates_view import end_of, view
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD
from consortium_operator.kube.kinds import CONFIG_MAP
from consortium_operator.manifests.core import immutable_config_map
from consortium_operator.manifests.identity import (
    ClientKind,
    authority_register,
    authority_renewal,
    client_certificate,
    node_register,
)
from consortium_operator.manifests.metadata import disposable
from tests import chains
from tests.unit.cli.cluster import Cluster
from tests.unit.cli.commands import consortium
from tests.unit.engines.fisco_bcos import material
from tests.unit.engines.fisco_bcos.material import NOW

PLAN = chains.plan(chains.member("webank"))
MEMBER = PLAN.members[0]
NODE = PLAN.nodes[0]


def config_maps() -> list[dict[str, Any]]:
    node_ca, client_ca = (material.registered(kind=kind.value) for kind in AuthorityKind)
    by_node = {"ssl.crt": material.node_certificates(STANDARD)["ssl.crt"]}
    return [
        node_register(PLAN, NODE, chains.node_register()),
        authority_register(PLAN, MEMBER, AuthorityKind.NODE, 2, node_ca),
        authority_register(PLAN, MEMBER, AuthorityKind.CLIENT, 1, client_ca),
        client_certificate(PLAN, MEMBER, ClientKind.SDK, material.client_certificate(), [node_ca]),
        certificate_of_node(by_node | {"ca.crt": client_ca.certificate}),
    ]


def certificate_of_node(data: dict[str, str]) -> dict[str, Any]:
    name = NODE.names.certificate("0123456789")
    metadata = disposable(PLAN, name, ChildPart.CERTIFICATE, NODE)
    return immutable_config_map(metadata, data)


def test_every_certificate_is_shown_once_with_whose_it_is() -> None:
    found = view(config_maps(), NOW)
    assert [(one.node, one.use, one.generation, one.days_left) for one in found] == [
        (None, "client", None, 30),
        (None, "client CA", 1, 300),
        (None, "node CA", 2, 300),
        ("trade-webank-node-0", "node", None, 30),
    ]
    assert {one.member for one in found} == {"webank"}
    node, node_ca = found[3], found[2]
    assert node.issuer == node_ca.issuer != found[1].issuer


def test_the_ca_that_its_owner_renewed_is_of_the_same_generation() -> None:
    renewed = authority_renewal(
        PLAN, MEMBER, AuthorityKind.NODE, 2, material.registered(kind="node-ca")
    )
    (one,) = view([renewed], NOW)
    assert (one.use, one.generation) == ("node CA", 2)


def test_people_and_programs_read_the_same(there: Cluster) -> None:
    there.listed = config_maps()
    done = consortium("certificates", "trade")
    assert done.code == 0
    head, *rows = done.stdout.splitlines()
    assert head.split()[:3] == ["MEMBER", "NODE", "USE"]
    found = consortium("certificates", "trade", "-o", "json").json
    assert found == consortium("certificates", "trade", "-o", "yaml").yaml
    assert [one["use"] in row for one, row in zip(found, rows, strict=True)] == [True] * 4
    assert there.selectors[0] == (CONFIG_MAP, "chains", "consortium.dev/chain=trade")


def test_one_that_has_ended_or_cannot_be_read_is_told_and_fails_the_command(
    there: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n"
    there.listed = [*config_maps()[:-1], certificate_of_node({"ssl.crt": broken})]
    later = NOW + timedelta(days=31)
    monkeypatch.setattr("consortium_operator.cli.certificates.utc_now", lambda: later)
    done = consortium("certificates", "trade")
    assert done.code == 1
    assert done.stdout.count("ended") == 1
    assert done.stdout.count("unreadable") == 1


def test_of_what_ends_within_two_days_the_minute_is_told() -> None:
    (one, *_) = view(config_maps(), NOW + timedelta(days=29))
    (early, *_) = view(config_maps(), NOW + timedelta(days=28))
    assert one.not_after is not None
    assert end_of(early) == one.not_after[:10]
    assert end_of(one) == f"{one.not_after[:16]}Z"


def test_a_chain_that_is_not_there_has_none(there: Cluster) -> None:
    done = consortium("certificates", "trade")
    assert (done.code, done.stdout) == (1, "")
    assert "no certificate of a chain trade in the namespace chains" in done.stderr
