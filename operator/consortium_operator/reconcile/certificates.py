"""Node and client certificates: the one that serves is found and kept, else one is issued.

A certificate serves if the member's CA signed it for the recorded key. It is due when it is about
to expire and the CA lasts longer: none outlasts its CA, so what ends with it cannot be bettered.
Certificates are public; only issuing one reads the CA's Secret.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import NODE_LABEL, PART_LABEL, ChildPart
from consortium_operator.chain.plan import PlannedMember, PlannedNode
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.protocol import CertificateFacts, InvalidMaterial, Subject
from consortium_operator.kube.kinds import CONFIG_MAP
from consortium_operator.kube.projection import Observed, PodDetail
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.generations import how_to_rotate
from consortium_operator.reconcile.key_owners import authority_request
from consortium_operator.reconcile.key_requests import FIRST_GENERATION, WORDS
from consortium_operator.reconcile.keys import read_part
from consortium_operator.reconcile.world import (
    Custody,
    Era,
    Founded,
    JudgedCertificates,
    Round,
    length_of,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HeldCertificates:
    """Certificates that serve now, file → PEM, which are issued and end together. `due`: they
    should be replaced, but still hold."""

    files: Mapping[str, str]
    facts: CertificateFacts
    due: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose certificates are judged. `fingerprint`: of the key that they must be for.
    `authorities`: the CAs that must have signed them. `facts` raises InvalidMaterial for
    certificates that are not the holder's."""

    fingerprint: str
    authorities: tuple[AuthorityRegister, ...]
    facts: Callable[[Mapping[str, str]], CertificateFacts]

    @property
    def signers(self) -> tuple[str, ...]:
        return tuple(authority.fingerprint for authority in self.authorities)

    def key_of(self, files: Mapping[str, str]) -> JudgedCertificates:
        return JudgedCertificates(self.fingerprint, self.signers, tuple(sorted(files.items())))


def judge(run: Round, files: Mapping[str, str], holder: Holder) -> HeldCertificates | None:
    """What certificates found in the cluster are worth for their holder; None: nothing."""
    cache, key = run.memory.certificates, holder.key_of(files)
    if key not in cache:
        try:
            cache[key] = holder.facts(files)
        except InvalidMaterial:
            return None
    facts = cache[key]
    renew_at: datetime = facts.not_after - length_of(run.plan.spec.certificates.renew_before)
    latest = min(run.authority_end(authority) for authority in holder.authorities)
    is_due = run.world.now() >= renew_at and facts.not_after < latest
    return HeldCertificates(files, facts, due=is_due)


async def sign(make: Callable[[], T], what: str) -> T:
    """What `make` signs, off the event loop. Raises Blocked where the CA cannot sign it."""
    try:
        return await asyncio.to_thread(make)
    except InvalidMaterial as error:
        raise Blocked(
            Finding(
                ConditionType.CERTIFICATES_VALID,
                Reason.RENEWING,
                f"{what} cannot be signed: {error}",
                needs_person=True,
            )
        ) from error


async def authority_key(
    run: Round, member: PlannedMember, kind: AuthorityKind, era: Era
) -> PrivateFiles:
    """A member's CA key, read for the moment of issuing. Raises Blocked where it is gone, has
    ended, or is not the registered one."""
    register, generation = era.authorities[kind], era.numbers[kind]
    request = authority_request(run, member, kind, None, generation)
    (name,) = request.secrets
    files = await read_part(run, request, name)
    if files is None and member.departure is not None:
        raise Blocked(_left_without(member, name))
    if files is None:
        raise Blocked(
            Finding(
                ConditionType.IDENTITIES_INTACT,
                Reason.CA_KEY_MISSING,
                f"Secret {name} of member {member.name} is gone: nothing can be signed. Put it "
                "back from a backup",
                needs_person=True,
            )
        )
    why_not = _why_not_registered(run, kind, files, register)
    if why_not is not None:
        raise Blocked(
            Finding(
                ConditionType.IDENTITIES_INTACT,
                Reason.NODE_KEY_MISMATCH,
                f"Secret {name} of member {member.name} {why_not}: nothing can be signed. Put back "
                "the right one from a backup",
                needs_person=True,
            )
        )
    if run.engine.authority_register(kind, files) != register:
        # Its owner has renewed it just now: what the chain trusts follows in the next round.
        run.memory.verified.pop(request.name, None)
    if run.world.now() >= run.authority_end(run.engine.authority_register(kind, files)):
        raise Blocked(ending(run, member, kind, era))
    return files


def _left_without(member: PlannedMember, secret: str) -> Finding:
    """The spec no longer says which Secret a member brought its CA in."""
    message = (
        f"member {member.name} leaves, and no certificate of it can be renewed: Secret {secret} is "
        "not there. Put that back, or where it brought its CA, put the member back into the spec "
        "until the chain can be without it"
    )
    return Finding(ConditionType.CERTIFICATES_VALID, Reason.RENEWING, message, needs_person=True)


def _why_not_registered(
    run: Round, kind: AuthorityKind, files: PrivateFiles, register: AuthorityRegister
) -> str | None:
    try:
        return run.engine.why_not_renewed(register, run.engine.authority_register(kind, files))
    except InvalidMaterial as error:
        return f"cannot be used: {error}"


def tell_ending_authorities(run: Round, custody: Custody) -> None:
    """A CA that ends before the certificates that it should sign is a person's business."""
    renew_before = length_of(run.plan.spec.certificates.renew_before)
    for member in run.plan.staying_members:
        newest = custody.eras_of(member.name)[0]
        for kind, register in newest.authorities.items():
            if run.world.now() >= run.authority_end(register) - renew_before:
                run.findings.add(ending(run, member, kind, newest))


def ending(run: Round, member: PlannedMember, kind: AuthorityKind, era: Era) -> Finding:
    end, brought = run.authority_end(era.authorities[kind]), member.brought.get(kind)
    ended = run.world.now() >= end
    remedy = (
        f"Have it replaced: {how_to_rotate(run, member, max(era.numbers.values()))}"
        if brought is None
        else f"Renew the certificates in Secret {brought} with the same keys and subjects"
    )
    return Finding(
        ConditionType.CERTIFICATES_VALID,
        Reason.EXPIRED if ended else Reason.RENEWING,
        f"the {WORDS[kind]} of member {member.name} {'ended' if ended else 'ends'} at "
        f"{end:%Y-%m-%d %H:%M} UTC, and no certificate outlasts it. {remedy}",
        needs_person=True,
    )


async def node_certificates(founded: Founded) -> dict[str, HeldCertificates]:
    """Full object name → certificates, of every node whose keys are known. Issues what is due, also
    to nodes that leave, but not for keys that are not intact."""
    run, custody = founded.round, founded.custody
    held = serving_certificates(run, custody)
    tell_ending_authorities(run, custody)
    for node in run.plan.dialled.nodes:
        name = node.names.node
        best = held.get(name)
        if not _is_certifiable(run, custody, node) or node.names.identity in custody.broken:
            continue
        if best is not None and not best.due:
            continue
        if best is None and node.departure is not None and pod_of(run, node) is None:
            continue  # nothing else of it would be made anew either
        try:
            held[name] = await _issue(founded, node, best)
        except Blocked as blocked:
            run.findings.extend(blocked.findings)
            if best is not None:
                run.findings.add(_ageing(run, node, best))
    return held


def serving_certificates(run: Round, custody: Custody) -> dict[str, HeldCertificates]:
    """Full object name → the certificates in the cluster, or lately there, that hold longest."""
    found = _by_node(run)
    serving = {}
    for node in run.plan.nodes:
        if _is_certifiable(run, custody, node):
            best = _best(run, custody, node, found.get(node.names.node, []))
            if best is not None:
                serving[node.names.node] = best
    return serving


def certificates_in_use(run: Round, custody: Custody) -> dict[str, HeldCertificates]:
    """Full object name → the certificates that a node's pod was started with."""
    found, known = {}, _by_node(run)
    for node in run.plan.nodes:
        pod = pod_of(run, node)
        detail = pod.detail if pod is not None else None
        if not isinstance(detail, PodDetail) or not _is_certifiable(run, custody, node):
            continue
        for one in known.get(node.names.node, []):
            if one.key.name in detail.config_maps:
                files = run.engine.node_certificates_in(_data(one))
                held = _judge(run, custody, node, files)
                if held is not None:
                    found[node.names.node] = held
    return found


def _is_certifiable(run: Round, custody: Custody, node: PlannedNode) -> bool:
    known = custody.authorities_of(node.member)
    return node.names.node in custody.nodes and set(run.engine.node_signers) <= set(known)


def _judge(
    run: Round, custody: Custody, node: PlannedNode, files: Mapping[str, str]
) -> HeldCertificates | None:
    """Those of an earlier generation of the CAs hold, and are due."""
    number = era_of(run, custody, node, files)
    if number is None:
        return None
    era = custody.eras_of(node.member)[number]
    held = judge(run, files, _holder(run, custody, node, era))
    return held and replace(held, due=held.due or number > 0)


def era_of(run: Round, custody: Custody, node: PlannedNode, files: Mapping[str, str]) -> int | None:
    """Which generation of the CAs, counted from the newest, signed a node's certificates."""
    for number, era in enumerate(custody.eras_of(node.member)):
        if judge(run, files, _holder(run, custody, node, era)) is not None:
            return number
    return None


def _holder(run: Round, custody: Custody, node: PlannedNode, era: Era) -> Holder:
    register, known = custody.nodes[node.names.node], era.authorities
    return Holder(
        fingerprint=register.tls_fingerprint,
        authorities=tuple(known[kind] for kind in run.engine.node_signers),
        facts=lambda files: run.engine.node_certificate_facts(files, register, known),
    )


def _best(
    run: Round, custody: Custody, node: PlannedNode, candidates: list[Observed]
) -> HeldCertificates | None:
    holders = [_holder(run, custody, node, era) for era in custody.eras_of(node.member)]
    signers = {(holder.fingerprint, holder.signers) for holder in holders}
    # Also those it had: a ConfigMap that was deleted comes back as it was, and the pod stays.
    known = [
        dict(judged.files)
        for judged in run.memory.certificates
        if (judged.fingerprint, judged.signers) in signers
    ]
    found = [run.engine.node_certificates_in(_data(candidate)) for candidate in candidates]
    held = [_judge(run, custody, node, files) for files in (*found, *known)]
    newest = holders[0].signers
    return max(
        (one for one in held if one is not None),
        key=lambda one: (
            one.facts.issuer_fingerprint in newest,
            one.facts.not_after,
            sorted(one.files.items()),
        ),
        default=None,
    )


def _ageing(run: Round, node: PlannedNode, best: HeldCertificates) -> Finding:
    """A certificate that is due and cannot be renewed."""
    expired = run.world.now() >= best.facts.not_after
    return Finding(
        ConditionType.CERTIFICATES_VALID,
        Reason.EXPIRED if expired else Reason.RENEWING,
        f"the certificate of node {node.path} {'ended' if expired else 'ends'} at "
        f"{best.facts.not_after:%Y-%m-%d %H:%M} UTC and cannot be renewed",
        needs_person=True,
    )


async def _issue(
    founded: Founded, node: PlannedNode, before: HeldCertificates | None
) -> HeldCertificates:
    run, custody = founded.round, founded.custody
    newest = custody.eras_of(node.member)[0]
    member = next(one for one in run.plan.members if one.name == node.member)
    keys = {
        kind: await authority_key(run, member, kind, newest) for kind in run.engine.node_signers
    }
    subject = Subject(run.key.name, node.member, node.name, FIRST_GENERATION)
    validity = run.validity(run.plan.spec.certificates.duration)
    if before is not None:
        validity = validity.no_later_than(before.facts.not_before)
    register = custody.nodes[node.names.node]
    files = await sign(
        lambda: run.engine.node_certificates(keys, subject, register, validity),
        f"a certificate of node {node.path}",
    )
    issued = judge(run, files, _holder(run, custody, node, newest))
    if issued is None:
        raise AssertionError(f"the certificates issued for {node.path} do not verify")
    run.log.info("issued the certificates of a node", extra={"node": node.path})
    return replace(issued, due=False)


def _by_node(run: Round) -> dict[str, list[Observed]]:
    found: dict[str, list[Observed]] = {}
    for observed in run.world.store.by_chain(run.key.namespace, run.key.name, CONFIG_MAP):
        if observed.labels.get(PART_LABEL) == ChildPart.CERTIFICATE:
            found.setdefault(observed.labels.get(NODE_LABEL, ""), []).append(observed)
    return found


def _data(observed: Observed) -> Mapping[str, str]:
    return observed.detail if isinstance(observed.detail, Mapping) else {}
