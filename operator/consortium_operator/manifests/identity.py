"""Keys and their public side: Secrets (private), register and client certificates (public).

Everything here but the client certificates is created once and retained. A Secret is written
first; its register entry only after the Secret was read back.
"""

from collections.abc import Iterable
from enum import Enum

from consortium_operator.chain.naming import ChildPart
from consortium_operator.chain.plan import Plan, PlannedMember, PlannedNode
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import (
    AccountRegister,
    AuthorityKind,
    AuthorityRegister,
    NodeRegister,
)
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.core import (
    TLS,
    config_map,
    data_hash,
    immutable_config_map,
    key_secret,
)
from consortium_operator.manifests.metadata import disposable, retained


class ClientKind(Enum):
    """A member's two clients. The value is the file that its certificate is called by."""

    SDK = "sdk.crt"  # as FISCO BCOS SDKs look for it, beside ca.crt
    OPERATOR = "client.crt"

    @property
    def part(self) -> ChildPart:
        return ChildPart.CLIENT if self is ClientKind.SDK else ChildPart.OPERATOR_CLIENT

    def object_name(self, member: PlannedMember) -> str:
        names = member.names
        return names.client if self is ClientKind.SDK else names.operator_client


def node_key_secret(plan: Plan, node: PlannedNode, files: PrivateFiles) -> Manifest:
    """The key that block 0 knows the node by."""
    return key_secret(retained(plan, node.names.identity, ChildPart.IDENTITY, node), files)


def tls_key_secret(plan: Plan, node: PlannedNode, generation: int, files: PrivateFiles) -> Manifest:
    return key_secret(retained(plan, node.names.tls(generation), ChildPart.TLS, node), files)


def node_register(plan: Plan, node: PlannedNode, register: NodeRegister) -> Manifest:
    metadata = retained(plan, node.names.identity, ChildPart.REGISTER, node)
    return immutable_config_map(metadata, register.to_data())


def authority_secret(
    plan: Plan, member: PlannedMember, kind: AuthorityKind, generation: int, files: PrivateFiles
) -> Manifest:
    """`files`: tls.key and tls.crt, as the Secret's type asks for."""
    name = member.names.authority(kind, generation)
    return key_secret(retained(plan, name, ChildPart.AUTHORITY, member), files, TLS)


def authority_register(
    plan: Plan,
    member: PlannedMember,
    kind: AuthorityKind,
    generation: int,
    register: AuthorityRegister,
) -> Manifest:
    name = member.names.authority(kind, generation)
    return immutable_config_map(
        retained(plan, name, ChildPart.REGISTER, member), register.to_data()
    )


def authority_renewal(
    plan: Plan,
    member: PlannedMember,
    kind: AuthorityKind,
    generation: int,
    register: AuthorityRegister,
) -> Manifest:
    """What the register's CA is since its owner renewed it: new certificates for the same key. One
    object for each renewal, since nothing recorded is ever changed."""
    data = register.to_data()
    name = f"{member.names.authority(kind, generation)}-{data_hash(data)}"
    return immutable_config_map(retained(plan, name, ChildPart.REGISTER, member), data)


def client_secret(
    plan: Plan, member: PlannedMember, kind: ClientKind, files: PrivateFiles
) -> Manifest:
    return key_secret(retained(plan, kind.object_name(member), kind.part, member), files)


def client_certificate(
    plan: Plan,
    member: PlannedMember,
    kind: ClientKind,
    certificate: str,
    node_authorities: Iterable[AuthorityRegister],
) -> Manifest:
    """What a client presents, and the CAs by which it knows the member's nodes. PEM.

    Not immutable: it is renewed in place, so that applications need not learn a new name.
    """
    known = "".join(one.certificate for one in node_authorities)
    data = {kind.value: certificate, "ca.crt": known}
    return config_map(disposable(plan, kind.object_name(member), kind.part, member), data)


def admin_secret(plan: Plan, files: PrivateFiles) -> Manifest:
    """The chain's first account: its governor, or the operator's sender where auth is off."""
    return key_secret(retained(plan, plan.key.admin, ChildPart.ADMIN), files)


def admin_register(plan: Plan, register: AccountRegister) -> Manifest:
    metadata = retained(plan, plan.key.admin, ChildPart.REGISTER)
    return immutable_config_map(metadata, register.to_data())
