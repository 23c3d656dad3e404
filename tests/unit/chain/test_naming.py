"""Names and labels of every child."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain import naming
from consortium_operator.chain.naming import (
    NODE_NAME_LIMIT,
    SERVICE_NAME_LIMIT,
    ChainKey,
    content_hash,
    is_ours,
    shorten,
)
from consortium_operator.chain.register import AuthorityKind

TRADE = ChainKey("chains", "trade")

# A DNS label, as member and node names are.
labels = st.from_regex(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?", fullmatch=True)
long_names = st.from_regex(r"[a-z]([a-z0-9-]{0,200}[a-z0-9])?", fullmatch=True)
DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def test_a_node_is_called_after_chain_member_entry_and_index() -> None:
    node = TRADE.node("webank", "shenzhen", 1)
    assert node.node == "trade-webank-shenzhen-1"
    assert node.pod == "trade-webank-shenzhen-1-0"
    assert node.identity == "trade-webank-shenzhen-1-identity"
    assert node.tls(2) == "trade-webank-shenzhen-1-tls-2"
    assert node.data(3) == "trade-webank-shenzhen-1-data-g3"
    assert node.peers == "trade-webank-shenzhen-1-peers"


def test_a_members_objects_are_called_after_chain_and_member() -> None:
    webank = TRADE.member("webank")
    assert webank.authority(AuthorityKind.NODE, 1) == "trade-webank-node-ca-1"
    assert webank.authority(AuthorityKind.CLIENT, 2) == "trade-webank-client-ca-2"
    assert webank.client == "trade-webank-client"
    assert webank.operator_client == "trade-webank-operator-client"
    assert webank.rpc_service == "trade-webank-rpc"


def test_a_chains_objects_are_called_after_it() -> None:
    assert TRADE.genesis == "trade-genesis"
    assert TRADE.genesis_copy == "trade-genesis-copy"
    assert TRADE.trust == "trade-trust"
    assert TRADE.journal == "trade-journal"
    assert TRADE.admin == "trade-admin"


def test_no_two_objects_of_the_chain_share_a_name() -> None:
    names = [
        getattr(TRADE, name)
        for name, value in vars(ChainKey).items()
        if isinstance(value, property)
    ]
    assert len(names) == len(set(names)) == 9


def test_a_chain_is_written_as_kubernetes_writes_it() -> None:
    assert str(TRADE) == "chains/trade"


@given(labels, labels, labels, st.integers(min_value=0, max_value=63))
def test_every_node_name_fits_a_pods_labels(chain: str, member: str, group: str, i: int) -> None:
    name = ChainKey("chains", chain).node(member, group, i).node
    assert len(name) <= NODE_NAME_LIMIT
    assert DNS_LABEL.fullmatch(name)
    # The StatefulSet controller's label, with its ten digits.
    assert len(f"{name}-0123456789") <= 63


@given(labels, labels)
def test_every_service_name_is_a_dns_label(chain: str, member: str) -> None:
    name = ChainKey("chains", chain * 2).member(member).rpc_service
    assert len(name) <= SERVICE_NAME_LIMIT
    assert DNS_LABEL.fullmatch(name)


@given(long_names)
def test_a_name_that_fits_is_kept(name: str) -> None:
    assert (shorten(name, 52) == name) == (len(name) <= 52)


def test_long_names_that_begin_alike_stay_apart() -> None:
    names = {shorten("a" * 60 + str(number), 52) for number in range(100)}
    assert len(names) == 100


def test_a_cut_name_never_has_two_dashes_in_a_row() -> None:
    assert "--" not in shorten("a" * 42 + "-" + "b" * 40, 52)


def test_a_content_hash_is_ten_hex_digits() -> None:
    assert re.fullmatch("[0-9a-f]{10}", content_hash("a", "b"))


def test_a_content_hash_sees_where_one_content_ends() -> None:
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash("a") != content_hash("a", "")


def test_labels_add_up_from_chain_to_node() -> None:
    chain = naming.chain_labels("trade", "FiscoBcos")
    member = naming.member_labels("trade", "FiscoBcos", "webank")
    node = naming.node_labels("trade", "FiscoBcos", "webank", "trade-webank-a-0")
    assert chain == {
        "consortium.dev/chain": "trade",
        "consortium.dev/engine": "FiscoBcos",
        "app.kubernetes.io/managed-by": "consortium-operator",
    }
    assert member == chain | {"consortium.dev/member": "webank"}
    assert node == member | {"consortium.dev/node": "trade-webank-a-0"}


WANTED = naming.node_labels("trade", "FiscoBcos", "webank", "trade-webank-a-0")


def test_foreign_labels_do_not_make_an_object_foreign() -> None:
    assert is_ours(WANTED | {"team": "a"}, WANTED)


@pytest.mark.parametrize("label", sorted(WANTED))
def test_a_missing_or_other_label_makes_it_foreign(label: str) -> None:
    assert not is_ours({k: v for k, v in WANTED.items() if k != label}, WANTED)
    assert not is_ours(WANTED | {label: "another"}, WANTED)


def test_a_nodes_object_is_not_the_members_or_the_chains() -> None:
    assert not is_ours(WANTED, naming.member_labels("trade", "FiscoBcos", "webank"))
    assert not is_ours(WANTED, naming.chain_labels("trade", "FiscoBcos"))
