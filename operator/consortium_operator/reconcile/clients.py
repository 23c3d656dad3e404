"""A member's two clients: the one its applications use, and the operator's own.

Both get a certificate from the member's client CA, which its nodes' RPC trusts and no other's.
Their certificates are short-lived and renewed in place: a client needs no guarded restart.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.plan import Departure, PlannedMember
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.protocol import (
    CertificateFacts,
    ClientIdentity,
    InvalidMaterial,
    Subject,
)
from consortium_operator.kube.errors import AlreadyExists
from consortium_operator.kube.kinds import CONFIG_MAP, ObjectKey
from consortium_operator.manifests.identity import ClientKind, client_certificate, client_secret
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.certificates import (
    HeldCertificates,
    Holder,
    authority_key,
    judge,
    sign,
)
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.key_owners import why_client_is_pinned
from consortium_operator.reconcile.key_requests import FIRST_GENERATION
from consortium_operator.reconcile.keys import read_secret, trusted
from consortium_operator.reconcile.rotation import issuing_era
from consortium_operator.reconcile.world import Founded, Round, Verified


async def ensure_clients(founded: Founded) -> dict[tuple[str, ClientKind], HeldCertificates]:
    """Both clients of every member whose CAs are intact, by member. What fails is a finding."""
    run, custody = founded.round, founded.custody
    held = {}
    for member in run.plan.staying_members:
        if member.name in custody.client_authorities and member.name in custody.node_authorities:
            for kind in ClientKind:
                try:
                    held[member.name, kind] = await _ensure_client(founded, member, kind)
                except Blocked as blocked:
                    run.findings.extend(blocked.findings)
    leaving = [one for one in run.plan.members if one.departure is not None]
    await _read_operator_clients(run, leaving)
    for member in leaving:
        await _keep_up(founded, member)
    return held


async def _keep_up(founded: Founded, member: PlannedMember) -> None:
    """The clients of a member that leaves: the chain may count its nodes, and they are asked, for
    longer than a certificate holds."""
    run, authorities = founded.round, founded.custody.authorities_of(member.name)
    if member.departure is not Departure.LEAVING or len(authorities) < len(AuthorityKind):
        return
    for kind in ClientKind:
        if _certificate_in_cluster(run, member, kind) is not None:
            try:
                await _ensure_client(founded, member, kind)
            except Blocked as blocked:
                run.findings.extend(blocked.findings)


async def _ensure_client(
    founded: Founded, member: PlannedMember, kind: ClientKind
) -> HeldCertificates:
    run = founded.round
    found = _certificate_in_cluster(run, member, kind)
    fingerprint = _remembered(run, kind.object_name(member))
    held = None
    if fingerprint is not None:
        held = _judge(founded, member, kind, found, fingerprint)
    if held is None or held.due:
        key = await _key(founded, member, kind, must_exist=found is not None)
        held = await _renewed(founded, member, kind, key, found)
        _remember(run, member, kind, key, held)
    pem = held.files[kind.value]
    known_by = founded.custody.trusted(member.name, run.engine.server_authority)
    await bring_one(run, client_certificate(run.plan, member, kind, pem, known_by))
    return held


def _judge(
    founded: Founded, member: PlannedMember, kind: ClientKind, pem: str | None, fingerprint: str
) -> HeldCertificates | None:
    run, issuing = founded.round, issuing_era(founded.round, founded.custody, member)

    def facts(files: Mapping[str, str], authority: AuthorityRegister) -> CertificateFacts:
        found = run.engine.certificate_facts(files[kind.value], authority)
        if found.key_fingerprint != fingerprint:
            raise InvalidMaterial("the certificate is for another key")
        return found

    is_retiring = False
    for era in founded.custody.eras_of(member.name) if pem else ():
        authority = era.authorities[AuthorityKind.CLIENT]
        holder = Holder(fingerprint, (authority,), partial(facts, authority=authority))
        held = judge(run, {kind.value: pem or ""}, holder)
        if held is not None:
            return replace(held, due=held.due or is_retiring)
        is_retiring |= era == issuing
    return None


async def _renewed(
    founded: Founded, member: PlannedMember, kind: ClientKind, key: PrivateFiles, found: str | None
) -> HeldCertificates:
    """The certificate that was found, or a new one where it is due or of another key. One that is
    due serves until its end where none can be issued."""
    run = founded.round
    held = _judge(founded, member, kind, found, _fingerprint(run, member, kind, key))
    if held is not None and not held.due:
        return held
    try:
        return await _issue(founded, member, kind, key, held)
    except Blocked as blocked:
        if held is None:
            raise
        run.findings.extend(blocked.findings)
        return held


def _fingerprint(run: Round, member: PlannedMember, kind: ClientKind, key: PrivateFiles) -> str:
    """Raises Blocked where the Secret does not hold a key."""
    try:
        return run.engine.client_fingerprint(key)
    except InvalidMaterial as error:
        raise Blocked(
            Finding(
                ConditionType.IDENTITIES_INTACT,
                Reason.NODE_KEY_MISMATCH,
                f"Secret {kind.object_name(member)} of member {member.name} cannot be used: "
                f"{error}. Put back the right one from a backup",
                needs_person=True,
            )
        ) from error


async def read_operator_clients(run: Round) -> None:
    """The operator's own clients as they are in the cluster, for a round that may write nothing."""
    await _read_operator_clients(run, run.plan.members)


async def _read_operator_clients(run: Round, members: Iterable[PlannedMember]) -> None:
    for member in members:
        certificate = _certificate_in_cluster(run, member, ClientKind.OPERATOR)
        if member.name in run.memory.clients or certificate is None:
            continue
        secret = client_secret(run.plan, member, ClientKind.OPERATOR, PrivateFiles({}))
        key = await read_secret(run, secret["metadata"]["name"], secret["metadata"]["labels"])
        if key is not None:
            run.memory.clients[member.name] = ClientIdentity(key, certificate)


def _remembered(run: Round, name: str) -> str | None:
    """The fingerprint of the key that was read lately, so that a quiet round reads no Secret."""
    verified = trusted(run, name)
    if verified is None:
        return None
    return verified.public if isinstance(verified.public, str) else None


def _remember(
    run: Round, member: PlannedMember, kind: ClientKind, key: PrivateFiles, held: HeldCertificates
) -> None:
    verified = Verified(held.facts.key_fingerprint, run.world.now())
    run.memory.verified[kind.object_name(member)] = verified
    if kind is ClientKind.OPERATOR:
        run.memory.clients[member.name] = ClientIdentity(key, held.files[kind.value])


async def _key(
    founded: Founded, member: PlannedMember, kind: ClientKind, *, must_exist: bool
) -> PrivateFiles:
    """The client's key, made where neither it nor a certificate for it exists."""
    run = founded.round
    name = kind.object_name(member)
    labels = client_secret(run.plan, member, kind, PrivateFiles({}))["metadata"]["labels"]
    files = await read_secret(run, name, labels)
    pinned = why_client_is_pinned(run, member.name, founded.seal)
    if files is None and (must_exist or pinned is not None):
        instead = f", or delete the ConfigMap {name} to have a new client key made"
        raise Blocked(
            Finding(
                ConditionType.IDENTITIES_INTACT,
                Reason.SECRET_NOT_FOUND,
                f"Secret {name} of member {member.name} is gone. Put it back from a backup"
                + (instead if pinned is None else f": {pinned}"),
                needs_person=True,
            )
        )
    if files is None:
        # Where the CA is lost the client's own key may be as well, and come back with it.
        era = issuing_era(run, founded.custody, member)
        await authority_key(run, member, AuthorityKind.CLIENT, era)
        made = await asyncio.to_thread(run.engine.new_client_key)
        with contextlib.suppress(AlreadyExists):
            await run.world.client.create(client_secret(run.plan, member, kind, made))
        files = await read_secret(run, name, labels)
    if files is None:
        raise Blocked(
            Finding(
                ConditionType.IDENTITIES_INTACT,
                Reason.PENDING,
                f"Secret {name} vanished while it was made",
                unknown=True,
            )
        )
    return files


async def _issue(
    founded: Founded,
    member: PlannedMember,
    kind: ClientKind,
    key: PrivateFiles,
    before: HeldCertificates | None,
) -> HeldCertificates:
    run = founded.round
    era = issuing_era(run, founded.custody, member)
    authority = await authority_key(run, member, AuthorityKind.CLIENT, era)
    subject = Subject(run.key.name, member.name, kind.part.value, FIRST_GENERATION)
    validity = run.validity(run.plan.spec.certificates.client_duration)
    if before is not None:
        validity = validity.no_later_than(before.facts.not_before)
    pem = await sign(
        lambda: run.engine.client_certificate(authority, subject, key, validity),
        f"a client certificate of member {member.name}",
    )
    held = _judge(founded, member, kind, pem, run.engine.client_fingerprint(key))
    if held is None:
        raise AssertionError(f"the client certificate issued for {member.name} does not verify")
    run.log.info("issued a client certificate", extra={"member": member.name, "client": kind.name})
    return held


def _certificate_in_cluster(run: Round, member: PlannedMember, kind: ClientKind) -> str | None:
    name = kind.object_name(member)
    observed = run.world.store.get(ObjectKey(CONFIG_MAP, run.key.namespace, name))
    if observed is None or not isinstance(observed.detail, Mapping):
        return None
    return observed.detail.get(kind.value)
