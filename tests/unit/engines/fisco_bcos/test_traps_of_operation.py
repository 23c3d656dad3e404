"""The traps of the node reference, section 10, 23 to 35: silent splits, and operations.

As in test_traps.py: one test each, named by what it prevents, with the trap's number.
"""

import itertools
from dataclasses import replace

import pytest
from cryptography import x509

from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.quorum import Quorum, may_disturb
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.engines.fisco_bcos import certificates, ini
from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from consortium_operator.engines.fisco_bcos.genesis_keys import GENESIS_KEYS
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.fisco_bcos.versions import VERSIONS
from consortium_operator.engines.protocol import InvalidMaterial
from consortium_operator.manifests.volume import data_claim
from tests import chains
from tests.unit.engines.fisco_bcos import material, rendered
from tests.unit.engines.fisco_bcos.traps import (
    pod_of,
    rendered_values,
    suites,
)

# --- Silently separate or diverging chains --------------------------------------------------------


def test_no_node_of_another_block_0_counts() -> None:
    """Trap 23: it connects and is listed, but its text or its genesis hash is another."""
    good = {"height": 5, "genesis_hash": "0x1", "block0_text": "ours", "sealers": {"a": 1, "b": 1}}
    one = NodeView("one", node_id="a", peers=frozenset("b"), **good)  # type: ignore[arg-type]
    two = replace(one, node="two", node_id="b", peers=frozenset("a"))
    for other in (replace(two, block0_text="other"), replace(two, genesis_hash="0x2")):
        view = ChainView((one, other), block0_text="ours", founding_weights={"a": 1, "b": 1})
        assert "b" not in view.up
        assert not view.has_quorum()


def test_no_difference_in_what_the_genesis_hash_leaves_out() -> None:
    """Trap 24: one file of the same bytes, covered by its SHA-256; the page size from the seal."""
    plan = rendered.plan()
    texts = {rendered.files(plan, node)["genesis/config.genesis"] for node in plan.nodes}
    sealed = rendered.seal(plan)
    assert texts == {sealed.text}
    for section, key in (("web3", "chain_id"), ("executor", "version"), ("chain", "block_limit")):
        assert key in ini.parse(sealed.text)[section]
    old = rendered.seal(rendered.plan(ledger={"keyPageSize": 10240}))
    assert rendered.config_of(plan, old)["storage"]["key_page_size"] == "10240"


def test_the_order_of_nodes_does_not_matter_and_weights_do() -> None:
    """Trap 25."""
    members = [chains.member(name) for name in ("huawei", "ping-an", "webank")]
    sealed = rendered.seal(rendered.plan(*members))
    for order in itertools.permutations(members):
        assert rendered.seal(rendered.plan(*order)).text == sealed.text
    heavy = chains.member("webank", chains.node("node", weight=2))
    assert rendered.seal(rendered.plan(*members[:2], heavy)).text != sealed.text


def test_no_two_chains_trust_one_ca() -> None:
    """Trap 26: each chain's authorities have subjects and keys of their own."""
    kind = STANDARD.authorities[AuthorityKind.NODE]
    made = [
        certificates.new_authority(kind, material.subject(chain=chain), material.validity(days=300))
        for chain in ("trade", "trade2")
    ]
    found = [x509.load_pem_x509_certificate(authority["tls.crt"]) for authority in made]
    assert found[0].subject != found[1].subject
    assert found[0].public_key() != found[1].public_key()


def test_no_genesis_from_a_part_of_the_founders() -> None:
    """Trap 27."""
    plan = rendered.plan()
    for path in rendered.node_ids(plan):
        some = {key: value for key, value in rendered.node_ids(plan).items() if key != path}
        with pytest.raises(InvalidMaterial, match=f"{path} has no node id"):
            rendered.ENGINE.seal(plan, some, rendered.ADMIN)


@pytest.mark.parametrize("tag", VERSIONS)
def test_no_key_is_left_to_a_default_that_is_another_one(tag: str) -> None:
    """Trap 28."""
    plan = rendered.plan(version=tag)
    found = {(section, key) for section, key, _ in rendered_values(plan)}
    for section, key in (*CONFIG_KEYS, *GENESIS_KEYS):
        written = key.build_chain_at(VERSIONS[tag].version)
        if written is not None and written != (key.code or ""):
            assert (section.name, key.name) in found


# --- Operations -----------------------------------------------------------------------------------


def test_no_exit_code_is_taken_for_success() -> None:
    """Trap 29: a node exits with 0 on disk errors too, so it is always started again, and what
    runs is judged by its answers alone (chain/view.py)."""
    plan = rendered.plan()
    assert pod_of(plan, plan.nodes[0]).get("restartPolicy", "Always") == "Always"
    assert NodeView("silent", problem="exit code 0").answers is False


def test_no_stop_without_time_and_no_stop_without_end() -> None:
    """Trap 30."""
    plan = rendered.plan()
    assert 30 <= pod_of(plan, plan.nodes[0])["terminationGracePeriodSeconds"] <= 60


def test_no_live_file_is_frozen_and_no_authority_hides_another() -> None:
    """Trap 31: no subPath; each generation of an authority has a subject, and so a file name, of
    its own."""
    plan = rendered.plan()
    (container,) = pod_of(plan, plan.nodes[0])["containers"]
    assert not any("subPath" in mount for mount in container["volumeMounts"])
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert rendered.config_of(plan)["p2p"]["nodes_path"] in mounted
    subjects = {
        x509.load_pem_x509_certificate(
            material.authority(generation=generation)["tls.crt"]
        ).subject.rfc4514_string()
        for generation in (1, 2, 3)
    }
    assert len(subjects) == 3


def test_no_more_weight_is_down_than_the_chain_survives() -> None:
    """Trap 32."""
    for total, live, cost in itertools.product(range(1, 20), range(20), range(1, 20)):
        quorum = Quorum(total)
        if may_disturb(quorum, live_weight=live, cost=cost):
            assert total - (live - cost) <= quorum.faulty


def test_no_volume_goes_by_an_edit() -> None:
    """Trap 33. That no sealer does either is shown with the membership of running chains."""
    plan = rendered.plan()
    sealed = rendered.seal(plan)
    claim = data_claim(plan, plan.nodes[0], 1, "a" * 128, sealed.sha256)
    assert "ownerReferences" not in claim["metadata"]


@suites
def test_no_two_authorities_of_one_name_and_none_without_key_identifiers(
    suite: CryptoSuite,
) -> None:
    """Trap 34."""
    subjects = set()
    for member, kind in itertools.product(("webank", "huawei"), AuthorityKind):
        pem = material.authority(member, kind.value, suite=suite)["tls.crt"]
        authority = x509.load_pem_x509_certificate(pem)
        subjects.add(authority.subject.rfc4514_string())
        authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        authority.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert len(subjects) == 4


@suites
def test_no_key_outside_its_secret_and_no_ca_key_with_a_node(suite: CryptoSuite) -> None:
    """Trap 35."""
    plan = rendered.plan()
    if suite is SM:
        plan = rendered.unchecked(plan, cryptography=Cryptography.SM)
    engine = rendered.ENGINE.for_chain(plan)
    node = plan.nodes[0]
    files = engine.node_files(plan, rendered.seal(plan), rendered.material(node))
    for file in files:
        is_key = file.key.endswith((".key", ".pem"))
        assert file.source.is_private == is_key, file.path
        assert file.content is None or not is_key
    assert not any("ca.key" in file.path or "tls.key" in file.path for file in files)
