"""Keys, certificates and the founding are kept and used again; where the operator would stop, so
does render."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_operator.chain.naming import ChainKey
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.chain.standalone import Host
from consortium_operator.engines.protocol import Subject
from consortium_operator.offline import keeping
from consortium_operator.offline.output import OutputRefused
from consortium_operator.offline.run import Standalone
from tests import chains
from tests.unit.offline.conftest import Desk
from tests.unit.offline.refusals import ONE, mode, refused

# The same input gives the same bytes.


def test_the_first_render_makes_the_directory_and_the_second_finds_everything(desk: Desk) -> None:
    first = desk.render(ONE, output="first")
    assert len(first.made) == 7
    desk.later(days=3)
    second = desk.render(ONE, output="second")
    assert second.made == ()
    assert desk.files("second") == desk.files("first")


def test_the_directory_is_for_its_owner_alone(desk: Desk) -> None:
    desk.render(ONE)
    home = desk.root / "identities"
    assert mode(home) == mode(home / "secrets") == 0o700
    assert {mode(path) for path in (home / "secrets").iterdir()} == {0o600}


def test_it_holds_identities_only(desk: Desk) -> None:
    desk.render(ONE)
    kinds = {yaml.safe_load(text)["kind"] for text in desk.files("identities").values()}
    assert kinds == {"Secret", "ConfigMap"}
    names = set(desk.files("identities"))
    assert "manifests/configmap-trade-genesis.yaml" in names
    assert not [name for name in names if "journal" in name or "peers" in name]


def test_without_identities_the_output_keeps_its_own(desk: Desk) -> None:
    first = desk.render(ONE, identities=None)
    before = desk.files()
    again = desk.render(ONE, identities=None)
    assert (len(first.made), again.made, again.changed) == (7, (), False)
    assert desk.files() == before
    changed = desk.render(ONE, identities=None, nodeDefaults={"storage": {"size": "50Gi"}})
    assert (changed.made, changed.changed) == ((), True)


def test_an_earlier_output_serves_as_identities(desk: Desk) -> None:
    desk.render(ONE, output="old", identities=None)
    done = desk.render(ONE, output="new", identities="old")
    assert done.made == ()
    assert desk.files("new") == desk.files("old")


def test_naming_the_output_as_identities_is_the_same_as_naming_none(desk: Desk) -> None:
    desk.render(ONE, output="out", identities="out")
    before = desk.files()
    assert desk.render(ONE, output="out", identities="out").made == ()
    assert desk.files() == before


def test_the_order_of_members_gives_the_same_bytes(desk: Desk) -> None:
    desk.render(chains.member("webank"), chains.member("huawei"), output="one")
    desk.render(chains.member("huawei"), chains.member("webank"), output="two")
    assert desk.files("one") == desk.files("two")


def test_what_kubectl_printed_serves_as_identities(desk: Desk) -> None:
    """Several objects in a file, with all that a server adds."""
    desk.render(ONE, output="ours")
    objects = [yaml.safe_load(text) for text in desk.files("identities").values()]
    for number, obj in enumerate(objects):
        obj["metadata"] |= {
            "uid": f"uid-{number}",
            "resourceVersion": str(number),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"manager": "consortium-operator"}],
        }
        obj["metadata"].setdefault("annotations", {})[
            "kubectl.kubernetes.io/last-applied-configuration"
        ] = "{}"
    backup = desk.root / "backup" / "secrets"
    backup.mkdir(parents=True)
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    (backup / "all.yaml").write_text(yaml.safe_dump(listed))
    done = desk.render(ONE, output="theirs", identities="backup")
    assert done.made == ()
    assert desk.files("theirs") == desk.files("ours")
    assert "can be read by others than its owner" in done.cautions[-1]


# Certificates.


def test_a_certificate_is_kept_until_it_is_due_and_then_replaced_for_the_same_key(
    desk: Desk,
) -> None:
    before = desk.render(ONE, output="one").summary()["nodes"][0]
    desk.later(days=330)
    assert desk.render(ONE, output="two").summary()["nodes"][0] == before
    desk.later(days=10)
    after = desk.render(ONE, output="three").summary()["nodes"][0]
    assert after["certificateExpires"] > before["certificateExpires"]
    assert after["nodeId"] == before["nodeId"]
    desk.render(ONE, output="four")
    assert desk.files("four") == desk.files("three")


def test_a_client_certificate_is_renewed_in_place(desk: Desk) -> None:
    desk.render(ONE, output="one")
    name = "manifests/configmap-trade-webank-client.yaml"
    before = desk.files("identities")
    desk.later(days=85)
    desk.render(ONE, output="two")
    after = desk.files("identities")
    assert {path for path in after if after[path] != before.get(path)} == {
        name,
        "manifests/configmap-trade-webank-operator-client.yaml",
    }
    assert after[name] == desk.files("two")[name]


def test_an_authority_that_will_end_is_told(desk: Desk) -> None:
    desk.render(ONE)
    desk.later(days=3640)
    done = desk.render(ONE, output="late")
    assert any("node CA of member webank ends at" in one for one in done.cautions)


# The founding.


def test_the_founding_is_rendered_once(desk: Desk) -> None:
    first = desk.render(ONE, output="one")
    assert desk.render(ONE, output="two").rendering.seal == first.rendering.seal


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"chainId": "another"}, "chainId"),
        ({"fiscoBcos": {"groupId": "another"}}, "groupId"),
        ({"fiscoBcos": {"genesis": {"gasLimit": 400000000}}}, "gasLimit"),
        ({"fiscoBcos": {"ledger": {"keyPageSize": 8192}}}, "keyPageSize"),
        ({"fiscoBcos": {"executor": {"authCheck": False}}}, "authCheck"),
    ],
)
def test_a_changed_founding_field_is_refused(desk: Desk, spec: dict[str, Any], word: str) -> None:
    desk.render(ONE)
    assert word in refused(desk, **spec)


def test_a_member_that_comes_later_gets_keys_of_its_own_and_the_genesis_stays(desk: Desk) -> None:
    founded = desk.render(ONE).rendering
    grown = desk.render(ONE, chains.member("huawei"), output="two").rendering
    assert grown.seal == founded.seal
    assert [one.node.path for one in grown.nodes] == ["huawei/node-0", "webank/node-0"]


def test_another_version_is_rendered_with_the_founding_as_it_was(desk: Desk) -> None:
    founded = desk.render(ONE, version="3.15.2").rendering
    assert desk.render(ONE, version="3.16.4", output="two").rendering.seal == founded.seal


def test_a_pinned_genesis_is_rendered_only_where_it_is(desk: Desk) -> None:
    sha256 = desk.render(ONE).rendering.seal.sha256
    pinned: dict[str, Any] = {"fiscoBcos": {"genesisSha256": sha256}}
    assert desk.render(ONE, output="two", **pinned).rendering.seal.sha256 == sha256
    assert "genesisSha256 pins a genesis" in refused(desk, identities="none", output="x", **pinned)
    wrong = {"fiscoBcos": {"genesisSha256": "0" * 64}}
    assert "pins" in refused(desk, **wrong)


def test_identities_and_output_lie_apart(desk: Desk) -> None:
    for output, identities in (("a/b", "a"), ("a", "a/b")):
        with pytest.raises(OutputRefused, match="name directories apart"):
            desk.render(ONE, output=output, identities=identities)
    assert list(desk.root.iterdir()) == []


def test_an_output_whose_keys_would_be_lost_is_refused_before_any_key_is_kept(desk: Desk) -> None:
    desk.render(ONE, identities=None)
    why = refused(desk, identities="fresh")
    assert "holds a key that the new output would not have" in why
    assert not (desk.root / "fresh").exists()


def test_a_member_that_was_never_founded_may_have_new_keys(desk: Desk) -> None:
    """Before the genesis is sealed nothing contradicts."""
    desk.render(ONE)
    home = desk.root / "identities"
    for name in ("genesis", "genesis-copy"):
        (home / f"manifests/configmap-trade-{name}.yaml").unlink()
    done = desk.render(ONE, chains.member("huawei"), output="two")
    assert {name for name in done.made if "huawei" in name} == set(done.made)
    assert len(done.rendering.seal.founders) == 2


def test_nothing_is_loaded_where_nothing_is(tmp_path: Path) -> None:
    assert keeping.load(tmp_path / "none", ChainKey("chains", "trade")) == ()


# What members bring.


def brought(desk: Desk) -> dict[str, Any]:
    """A member with its own CAs and key, whose Secrets lie among the identities."""
    secrets = desk.root / "identities" / "secrets"
    secrets.mkdir(parents=True)
    validity = desk.validity(days=9000)
    files = {
        f"own-{kind.value}": desk.engine.new_authority(
            kind, Subject("webank", "webank", kind.value, 1), validity
        )
        for kind in AuthorityKind
    }
    files["own-key"] = desk.engine.new_node_key()
    for name, content in files.items():
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
        text = yaml.safe_dump(body | {"data": content.to_secret_data()})
        (secrets / f"{name}.yaml").write_text(text)
    return {
        "name": "webank",
        "certificateAuthority": {"secretName": "own-node-ca"},
        "clientAuthority": {"secretName": "own-client-ca"},
        "nodes": [{"name": "node", "identity": {"secretName": "own-key"}}],
    }


def test_what_a_member_brings_is_taken_and_never_rendered_again(desk: Desk) -> None:
    member = brought(desk)
    before = desk.files("identities")
    done = desk.render(member, standalone=Standalone((Host("127.0.0.1"),), 30300, 20200))
    assert not [name for name in desk.files() if name.startswith("secrets/own-")]
    assert {name: desk.files("identities")[name] for name in before} == before
    secret = yaml.safe_load(before["secrets/own-key.yaml"])["data"]["node.pem"]
    key = desk.files()["nodes/127.0.0.1/node0/conf/node.pem"]
    assert base64.b64encode(key).decode() == secret
    authority = yaml.safe_load(before["secrets/own-node-ca.yaml"])["data"]["tls.crt"]
    assert base64.b64encode(desk.files()["ca/webank/ca.crt"]).decode() == authority
    desk.render(member, output="again")
    assert (
        desk.files("again")["manifests/configmap-trade-genesis.yaml"]
        == (desk.files()["manifests/configmap-trade-genesis.yaml"])
    )
    assert len(done.rendering.found) == 3


def test_what_a_member_should_bring_and_does_not_is_named(desk: Desk) -> None:
    member = brought(desk)
    (desk.root / "identities/secrets/own-key.yaml").unlink()
    why = refused(desk, member)
    assert "own-key" in why
    assert "SecretNotFound" in why
