"""A chain is founded on the CAs and keys that members bring, or says which Secret is wrong.

As long as one is missing or bad nothing is made, so that another may be put in its place.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from consortium_operator.api.conditions import ConditionType
from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.fisco_bcos.suites.table import SUITES
from consortium_operator.engines.protocol import Subject, Validity
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET
from consortium_operator.reconcile.reconciler import LATER
from tests import chains
from tests.brought import Brought, ecdsa, node_pem, secret
from tests.fakes.faults import Fault, on
from tests.fakes.objects import OPERATOR
from tests.fakes.operator import Stage
from tests.leaks import Scanner
from tests.unit.reconcile.bringing import (
    CLIENT_CA,
    INTACT,
    NODE_CA,
    READY,
    REGISTER,
    ROOT,
    SECRETS,
    bring,
    certificates_of,
    data_of,
    forbidden,
    mounted,
    only_the_status_was_written,
    others,
    refill,
    webank,
    written_secrets,
)


async def test_a_chain_is_founded_on_what_a_member_brings(brought: Stage) -> None:
    assert brought.told(READY) == "True/AsExpected"
    assert data_of(brought, CONFIG_MAP, REGISTER)["ca.crt"].encode() == NODE_CA.pem
    (files,) = certificates_of(brought, "trade-webank-node-0")
    leaf = x509.load_pem_x509_certificate(files["ssl.crt"].encode())
    leaf.verify_directly_issued_by(NODE_CA.certificate)
    assert files["ca.crt"].encode() == CLIENT_CA.pem
    for client, name in (
        ("sdk.crt", "trade-webank-client"),
        ("client.crt", "trade-webank-operator-client"),
    ):
        pem = data_of(brought, CONFIG_MAP, name)[client].encode()
        x509.load_pem_x509_certificate(pem).verify_directly_issued_by(CLIENT_CA.certificate)
    trusted = data_of(brought, CONFIG_MAP, "trade-trust").values()
    assert NODE_CA.pem.decode() in trusted
    assert CLIENT_CA.pem.decode() not in trusted


async def test_the_brought_key_founds_the_node_and_is_mounted_as_it_is(brought: Stage) -> None:
    node_id = brought.engine.node_id(PrivateFiles(SECRETS["webank-key"]))
    assert node_id in data_of(brought, CONFIG_MAP, "trade-genesis")["config.genesis"]
    assert mounted(brought, "trade-webank-node-0", "node.pem") == "webank-key"
    assert mounted(brought, "trade-huawei-node-0", "node.pem") == "trade-huawei-node-0-identity"


async def test_what_is_brought_is_neither_made_nor_copied(brought: Stage) -> None:
    made = written_secrets(brought)
    assert "trade-huawei-node-ca-1" in made
    assert made.isdisjoint({REGISTER, "trade-webank-client-ca-1", "trade-webank-node-0-identity"})
    assert "trade-webank-node-0-tls-1" in made


async def test_no_brought_key_slips_out(brought: Stage) -> None:
    scanner = Scanner([secret(name, files) for name, files in SECRETS.items()])
    for event in brought.cluster.history:
        if event.actor == OPERATOR and event.key.kind != SECRET:
            assert scanner.scan(str(event.object), str(event.key)) == []


async def test_an_intermediate_signs_and_its_root_is_trusted(stage: Stage) -> None:
    low = Brought(ecdsa(4), "WeBank issuing", under=ROOT)
    bring(stage, webank_nodes=low.files(root=ROOT))
    stage.create(*others(), webank())
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"
    (files,) = certificates_of(stage, "trade-webank-node-0")
    assert files["ssl.crt"].encode().endswith(low.pem)
    trusted = data_of(stage, CONFIG_MAP, "trade-trust").values()
    assert ROOT.pem.decode() in trusted
    assert low.pem.decode() not in trusted
    assert data_of(stage, CONFIG_MAP, "trade-webank-client")["ca.crt"].encode() == ROOT.pem


async def test_an_sm_chain_is_founded_on_an_sm2_ca_and_key(stage: Stage) -> None:
    sm = FiscoBcos(SUITES[Cryptography.SM])
    subject = Subject(chain="mine", member="webank", name="nodes", generation=1)
    validity = Validity(stage.clock.now, stage.clock.now + timedelta(days=900), 7)
    authority = sm.new_authority(AuthorityKind.NODE, subject, validity)
    key = sm.new_node_key()
    bring(stage, webank_nodes=authority, webank_key=key)
    stage.create(*others(), webank(), fiscoBcos={"cryptography": "SM"})
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"
    assert sm.node_id(key) in data_of(stage, CONFIG_MAP, "trade-genesis")["config.genesis"]


async def test_an_sm_chain_refuses_what_belongs_to_the_other_world(stage: Stage) -> None:
    bring(stage)
    stage.create(*others(), webank(), fiscoBcos={"cryptography": "SM"})
    await stage.round()
    assert only_the_status_was_written(stage)
    message = stage.condition(INTACT)["message"]
    assert "Secret webank-nodes of member webank cannot be used" in message
    assert "Secret webank-key of node webank/node-0 cannot be used" in message
    assert "webank-clients" not in message


# What is missing or bad before the founding.


@pytest.mark.parametrize("name", SECRETS)
async def test_nothing_is_made_while_a_secret_is_missing(stage: Stage, name: str) -> None:
    bring(stage, **{name.replace("-", "_"): None})
    stage.create(*others(), webank())
    assert await stage.round() == LATER
    assert only_the_status_was_written(stage)
    found = stage.condition(INTACT)
    assert (found["status"], found["reason"]) == ("False", "SecretNotFound")
    assert f"Secret {name} " in found["message"]
    assert "spec.members[3]." in found["message"]
    assert stage.told(ConditionType.GENESIS_SEALED) == "False/WaitingForIdentities"
    assert stage.told(ConditionType.STALLED).startswith("False")
    stage.cluster.put(secret(name, SECRETS[name]))
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"


ENDED = replace(NODE_CA, not_after=datetime(2025, 12, 31, tzinfo=UTC))
LATE = replace(NODE_CA, not_before=datetime(2026, 2, 1, tzinfo=UTC))
BAD: dict[str, tuple[str, Mapping[str, bytes], str]] = {
    "an empty CA": ("webank-nodes", {}, "tls.key is missing"),
    "a CA that has ended": ("webank-nodes", ENDED.files(), "ended at 2025-12-31 00:00 UTC"),
    "a CA of the future": ("webank-nodes", LATE.files(), "before 2026-02-01 00:00 UTC"),
    "a leaf": ("webank-clients", replace(CLIENT_CA, ca=False).files(), "CA:TRUE is missing"),
    "an intermediate without its root": (
        "webank-clients",
        replace(CLIENT_CA, under=ROOT).files(),
        '"CN=WeBank root", which is not there',
    ),
    "another key": (
        "webank-nodes",
        {**NODE_CA.files(), "tls.key": CLIENT_CA.files()["tls.key"]},
        "not for the key tls.key",
    ),
    "a node key on another curve": (
        "webank-key",
        {"node.pem": node_pem(1, ec.SECP256R1)},
        "secp256r1",
    ),
    "a node key under another name": (
        "webank-key",
        {"key.pem": node_pem(1)},
        "node.pem is missing",
    ),
    "no PEM": ("webank-key", {"node.pem": b"\x00key"}, "node.pem is no"),
}


@pytest.mark.parametrize("case", BAD)
async def test_nothing_is_made_while_a_secret_is_bad(stage: Stage, case: str) -> None:
    name, files, why = BAD[case]
    bring(stage, **{name.replace("-", "_"): files})
    stage.create(*others(), webank())
    assert await stage.round() == LATER
    assert only_the_status_was_written(stage)
    found = stage.condition(INTACT)
    assert (found["status"], found["reason"]) == ("False", "Invalid")
    assert f"Secret {name} of " in found["message"]
    assert why in found["message"]
    assert stage.told(ConditionType.STALLED) == "True/Invalid"
    refill(stage, name, SECRETS[name])
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"


async def test_all_that_is_wrong_is_told_at_once(stage: Stage) -> None:
    bring(stage, webank_nodes=None, webank_clients={}, webank_key={})
    stage.create(*others(), webank())
    await stage.round()
    message = stage.condition(INTACT)["message"]
    assert all(f"Secret {name} " in message for name in SECRETS)
    assert stage.told(INTACT) == "False/Invalid"


async def test_a_status_about_many_secrets_is_one_that_the_api_server_takes(stage: Stage) -> None:
    names = [f"n{number}" for number in range(32)]
    stage.create(
        *(
            chains.member(
                f"m{m}",
                *(chains.node(n, identity={"secretName": f"m{m}-{n}"}) for n in names),
            )
            for m in range(8)
        )
    )
    await stage.round()
    message = stage.condition(INTACT)["message"]
    assert message.startswith("Secret m0-n0 of node m0/n0-0, which ")
    assert re.search(r"; and \d+ more$", message)
    assert len(message) < 32768 / 2


CONFLICTS = {
    "one CA for nodes and clients": ({"webank_clients": NODE_CA.files()}, "have one key"),
    "nodes and clients under one root": (
        {
            "webank_nodes": Brought(ecdsa(5), "A", under=ROOT).files(root=ROOT),
            "webank_clients": Brought(ecdsa(6), "B", under=ROOT).files(root=ROOT),
        },
        "end in one root CA",
    ),
    "two CAs of one name": (
        {"webank_clients": Brought(ecdsa(7), "WeBank nodes").files()},
        "share the subject",
    ),
}


@pytest.mark.parametrize("case", CONFLICTS)
async def test_nothing_is_made_while_two_secrets_do_not_go_together(
    stage: Stage, case: str
) -> None:
    changed, why = CONFLICTS[case]
    bring(stage, **changed)
    stage.create(*others(), webank())
    await stage.round()
    assert only_the_status_was_written(stage)
    assert stage.told(INTACT) == "False/Invalid"
    message = stage.condition(INTACT)["message"]
    assert why in message
    assert "Secret webank-nodes (node CA of member webank)" in message
    assert "Secret webank-clients (client CA of member webank)" in message


async def test_two_nodes_never_share_a_key(stage: Stage) -> None:
    bring(stage)
    stage.cluster.put(secret("copy", SECRETS["webank-key"]))
    twin = chains.member("huawei", chains.node("node", identity={"secretName": "copy"}))
    stage.create(*others("ping-an", "tencent"), twin, webank())
    await stage.round()
    assert only_the_status_was_written(stage)
    message = stage.condition(INTACT)["message"]
    assert (
        "Secret copy of node huawei/node-0 and Secret webank-key of node webank/node-0" in message
    )


async def test_a_secret_that_is_named_twice_is_refused_by_its_fields(stage: Stage) -> None:
    bring(stage)
    twin = chains.member("huawei") | {"certificateAuthority": {"secretName": "webank-clients"}}
    stage.create(*others("ping-an", "tencent"), twin, webank())
    await stage.round()
    assert stage.told(ConditionType.SPEC_VALID) == "False/Invalid"
    message = stage.condition(ConditionType.SPEC_VALID)["message"]
    assert "spec.members[2].certificateAuthority.secretName" in message
    assert "spec.members[3].clientAuthority.secretName" in message


async def test_a_key_of_another_chain_is_not_brought(stage: Stage) -> None:
    """Who may write resources only would else get certificates of its CA."""
    bring(stage)
    stage.cluster.edit(
        SECRET, "webank-nodes", lambda obj: obj["metadata"].update(labels={CHAIN_LABEL: "elder"})
    )
    stage.create(*others(), webank())
    await stage.round()
    assert only_the_status_was_written(stage)
    assert stage.told(INTACT) == "False/Invalid"
    assert (
        "Secret webank-nodes of member webank is a key of chain elder"
        in (stage.condition(INTACT)["message"])
    )


async def test_a_secret_that_may_not_be_read_is_not_taken_for_absent(stage: Stage) -> None:
    bring(stage)
    stage.create(*others(), webank())
    stage.cluster.faults.append(Fault(on("get", SECRET, "webank-nodes"), error=forbidden))
    assert await stage.round() == LATER
    assert stage.told(INTACT) == "False/Forbidden"
    message = stage.condition(INTACT)["message"]
    assert "Secret webank-nodes of member webank" in message
    assert "chainNamespaces" in message
    assert only_the_status_was_written(stage)
    stage.cluster.faults.clear()
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"
