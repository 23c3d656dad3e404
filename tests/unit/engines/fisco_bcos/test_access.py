"""Which peers a node accepts: certificate_whitelist and certificate_blacklist of config.ini."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.api.fisco_bcos import Cryptography, Peers, PeersMode
from consortium_operator.chain.plan import Plan
from consortium_operator.engines.fisco_bcos import access, ini
from consortium_operator.engines.fisco_bcos.withheld_keys import ALLOW_LIST, DENY_LIST
from tests.unit.engines.fisco_bcos import rendered

OWN = tuple(f"{digit}" * 512 for digit in "abcd")
STRANGER, ENEMY = "1" * 512, "2" * 512


def lists(plan: Plan, tls_ids: tuple[str, ...] = OWN) -> tuple[dict[str, str], dict[str, str]]:
    """Allow list and deny list of the first node's config.ini."""
    node = plan.nodes[0]
    material = replace(rendered.material(node), chain_tls_ids=tls_ids)
    files = rendered.ENGINE.node_files(plan, rendered.seal(plan), material)
    text = next(file.content for file in files if file.path == "config/config.ini")
    assert text is not None
    found = ini.parse(text)
    return found.get("certificate_whitelist", {}), found.get("certificate_blacklist", {})


def test_an_open_chain_lists_nobody() -> None:
    assert lists(rendered.plan()) == ({}, {})


def test_a_listed_chain_lists_all_its_nodes_and_whom_the_resource_adds() -> None:
    plan = rendered.plan(peers={"mode": "Listed", "allow": [STRANGER], "deny": [ENEMY]})
    allowed, denied = lists(plan)
    assert allowed == {f"cal.{i}": tls_id for i, tls_id in enumerate((STRANGER, *OWN))}
    assert denied == {"crl.0": ENEMY}


def test_an_open_chain_may_refuse_somebody() -> None:
    assert lists(rendered.plan(peers={"deny": [ENEMY]})) == ({}, {"crl.0": ENEMY})


def test_every_entry_has_the_form_that_a_node_obeys() -> None:
    """Traps 16 and 17: a node ignores an entry of another length, capitals apart."""
    plan = rendered.plan(peers={"mode": "Listed", "allow": [STRANGER], "deny": [ENEMY]})
    for section, found in zip((ALLOW_LIST, DENY_LIST), lists(plan), strict=True):
        (key,) = section.keys
        for name, tls_id in found.items():
            assert key.stands_for(name)
            assert key.kind.complaint(tls_id) is None


@given(st.permutations([*OWN, STRANGER]))
def test_the_lists_depend_on_nothing_but_who_is_in_them(order: list[str]) -> None:
    peers = Peers(mode=PeersMode.LISTED, allow=(STRANGER,))
    assert access.access_lists(peers, order) == access.access_lists(peers, OWN)


def test_all_nodes_of_a_listed_chain_have_one_list() -> None:
    plan = rendered.plan(peers={"mode": "Listed"})
    assert rendered.ENGINE.names_all_nodes(plan)
    assert not rendered.ENGINE.names_all_nodes(rendered.plan())


def problems(cryptography: Cryptography = Cryptography.STANDARD, **peers: object) -> list[str]:
    spec = rendered.plan().spec.fisco_bcos.model_copy(
        update={"cryptography": cryptography, "peers": Peers.model_validate(peers)}
    )
    return [f"{problem.path}: {problem.message}" for problem in access.problems(spec)]


@pytest.mark.parametrize(
    ("cryptography", "right", "wrong"),
    [(Cryptography.STANDARD, 512, 128), (Cryptography.SM, 128, 512)],
)
def test_an_id_of_the_other_world_is_refused(
    cryptography: Cryptography, right: int, wrong: int
) -> None:
    assert problems(cryptography, mode="Listed", allow=["a" * right], deny=["b" * right]) == []
    (message,) = problems(cryptography, deny=["b" * right, "a" * wrong])
    assert message.startswith("spec.fiscoBcos.peers.deny[1]: must have")
    assert f"{right} digits with cryptography: {cryptography.value}" in message


def test_an_id_that_a_node_ignores_is_refused() -> None:
    (message,) = problems(deny=["0" * 512])
    assert "must not be zero" in message


def test_a_list_without_effect_is_refused() -> None:
    (message,) = problems(allow=[STRANGER])
    assert message == (
        "spec.fiscoBcos.peers.allow: has no effect with mode: Open: set mode: Listed"
    )


def test_an_id_in_both_lists_is_refused() -> None:
    (message,) = problems(mode="Listed", allow=[STRANGER], deny=[ENEMY, STRANGER])
    assert message.startswith("spec.fiscoBcos.peers.deny[1]: is in allow too")


def test_an_empty_list_is_none_in_the_file() -> None:
    plan = rendered.plan(peers={"mode": "Listed"})
    text = rendered.files(plan, plan.nodes[0])["config/config.ini"]
    assert text is not None
    assert "\n[certificate_blacklist]\n" in text


def test_the_engine_names_the_field() -> None:
    found = rendered.problems(peers={"allow": [STRANGER]})
    assert list(found) == ["spec.fiscoBcos.peers.allow"]
