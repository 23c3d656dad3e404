"""Identities that cannot be used: a key that was is never made anew; whose they are is asked."""

from pathlib import Path

import pytest

from tests.unit.offline.conftest import Desk
from tests.unit.offline.refusals import KEY, ONE, edit, mode, refused

# Rule 1: a key that once was is never made anew.


@pytest.mark.parametrize(
    "name",
    [
        KEY,
        "secrets/trade-webank-node-0-tls-1.yaml",
        "secrets/trade-webank-node-ca-1.yaml",
        "secrets/trade-webank-client-ca-1.yaml",
        "secrets/trade-admin.yaml",
        "secrets/trade-webank-client.yaml",
    ],
)
def test_a_key_that_is_gone_is_not_made_anew(desk: Desk, name: str) -> None:
    desk.render(ONE)
    (desk.root / "identities" / name).unlink()
    why = refused(desk)
    assert f"Secret {Path(name).stem} of " in why
    assert "is gone" in why


def test_a_key_and_its_register_that_are_gone_are_not_made_anew_for_a_founder(desk: Desk) -> None:
    desk.render(ONE)
    (desk.root / "identities" / KEY).unlink()
    (desk.root / "identities/manifests/configmap-trade-webank-node-0-identity.yaml").unlink()
    assert "the node is in the founders table" in refused(desk)


def test_another_key_than_the_registered_one_is_refused(desk: Desk) -> None:
    desk.render(ONE)
    desk.render(ONE, output="other", identities="others")
    wrong = (desk.root / "others" / KEY).read_bytes()
    (desk.root / "identities" / KEY).write_bytes(wrong)
    assert "is not the key that founded the chain" in refused(desk)


def test_a_lost_register_is_written_again_from_its_key(desk: Desk) -> None:
    desk.render(ONE, output="one")
    name = "manifests/configmap-trade-webank-node-0-identity.yaml"
    before = desk.files("identities")[name]
    (desk.root / "identities" / name).unlink()
    desk.render(ONE, output="two")
    assert desk.files("identities")[name] == before
    assert desk.files("two") == desk.files("one")


def test_one_genesis_of_two_is_enough_and_two_that_differ_are_refused(desk: Desk) -> None:
    desk.render(ONE, output="one")
    genesis = desk.root / "identities/manifests/configmap-trade-genesis.yaml"
    before = genesis.read_bytes()
    genesis.unlink()
    desk.render(ONE, output="two")
    assert genesis.read_bytes() == before
    edit(genesis, lambda body: body["data"].update({"config.genesis": "[chain]\n"}))
    assert "differ" in refused(desk)


# Whose identities they are.


def test_identities_of_another_chain_are_refused(desk: Desk) -> None:
    desk.render(ONE, name="other", output="other")
    why = refused(desk)
    assert "is of the chain chains/other, and the file is of chains/trade" in why


def test_identities_of_another_namespace_are_refused(desk: Desk) -> None:
    desk.render(ONE)
    path = desk.root / "identities" / KEY
    edit(path, lambda body: body["metadata"].update(namespace="elsewhere"))
    assert "is of the chain elsewhere/trade" in refused(desk)


def test_a_directory_of_something_else_is_refused(desk: Desk) -> None:
    (desk.root / "identities").mkdir()
    (desk.root / "identities" / "thesis.txt").write_text("years of work")
    assert "it is no directory of identities" in refused(desk)


def test_an_empty_directory_is_filled(desk: Desk) -> None:
    (desk.root / "identities").mkdir()
    assert desk.render(ONE).made
    assert mode(desk.root / "identities") == 0o700


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("a: [\n", "line 2"),
        ("kind: Secret\n", "an object without a name"),
        ("kind: Secret\nmetadata: {name: ../x}\n", "an object without a name"),
        ("kind: Secret\nmetadata: {name: x}\ndata: {a: 1}\n", "holds what is no text"),
        ("kind: Secret\nmetadata: {name: x}\ndata: [a]\n", "holds what is no text"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(desk: Desk, content: str, word: str) -> None:
    desk.render(ONE)
    (desk.root / "identities/secrets/broken.yaml").write_text(content)
    why = refused(desk)
    assert "broken.yaml" in why
    assert word in why


def test_two_files_that_tell_differently_of_one_object_are_refused(desk: Desk) -> None:
    desk.render(ONE)
    path = desk.root / "identities" / KEY
    copy = path.with_name("copy.yaml")
    copy.write_bytes(path.read_bytes())
    assert desk.render(ONE, output="two").made == ()
    edit(copy, lambda body: body["data"].update({"node.pem": "AAAA"}))
    assert "tell differently of" in refused(desk)
