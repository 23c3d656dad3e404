"""Authorities that several members bring: which of them cannot be in one chain, and why."""

import pytest

from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.fisco_bcos import authorities, certificates
from consortium_operator.engines.fisco_bcos.suites.x509_signer import X509SigningKey
from consortium_operator.engines.protocol import AuthorityOwner
from tests.brought import Brought, ecdsa

NODE, SDK = AuthorityKind.NODE, AuthorityKind.CLIENT
ROOT, OTHER_ROOT = Brought(ecdsa(1), "Root"), Brought(ecdsa(21), "Other root")


def register(brought: Brought, root: Brought | None = None) -> AuthorityRegister:
    return authorities.authority_register(brought.files(root=root), X509SigningKey())


def under(root: Brought, number: int) -> AuthorityRegister:
    return register(Brought(ecdsa(number), f"CA {number}", under=root), root=root)


def root(number: int, name: str | None = None) -> AuthorityRegister:
    return register(Brought(ecdsa(number), name or f"CA {number}"))


CONFLICTS: dict[str, tuple[dict[AuthorityOwner, AuthorityRegister], str]] = {
    "one key for both": ({("a", NODE): root(1), ("a", SDK): root(1)}, "have one key"),
    "one key for two members": ({("a", SDK): root(1), ("b", SDK): root(1)}, "have one key"),
    "one key with two names": ({("a", NODE): root(1), ("b", NODE): root(1, "B")}, "have one key"),
    "clients and nodes under one root": (
        {("a", NODE): under(ROOT, 5), ("a", SDK): under(ROOT, 6)},
        "end in one root CA",
    ),
    "clients of two members under one root": (
        {("a", SDK): under(ROOT, 5), ("b", SDK): under(ROOT, 6)},
        "end in one root CA",
    ),
    "clients by the root above another member's nodes": (
        {("a", SDK): register(ROOT), ("b", NODE): under(ROOT, 6)},
        "end in one root CA",
    ),
    "one name": ({("a", NODE): root(5, "CA"), ("b", NODE): root(6, "CA")}, 'subject "CN=CA"'),
    "one name but for its case": (
        {("a", NODE): root(5, "CA"), ("b", SDK): root(6, " ca ")},
        "with different keys",
    ),
    "an intermediate with another's name": (
        {("a", NODE): root(5, "CA 6"), ("b", NODE): under(OTHER_ROOT, 6)},
        'subject "CN=CA 6"',
    ),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_two_authorities_cannot_be_in_one_chain(case: str) -> None:
    found, why = CONFLICTS[case]
    (conflict,) = authorities.authority_conflicts(found)
    assert [conflict.first, conflict.second] == sorted(found)
    assert why in conflict.why


def test_members_may_share_the_root_above_their_nodes() -> None:
    shared = {
        ("a", NODE): under(ROOT, 5),
        ("b", NODE): under(ROOT, 6),
        ("a", SDK): root(7),
        ("b", SDK): under(OTHER_ROOT, 8),
    }
    assert authorities.authority_conflicts(shared) == ()
    assert len(certificates.trust([shared["a", NODE], shared["b", NODE]])) == 1
