"""Node and client certificates: the one that serves is found and kept, else one is issued.

A certificate serves if the member's CA signed it for the recorded key. It is due when it is about
to expire and the CA lasts longer: none outlasts its CA, so what ends with it cannot be bettered.
Certificates are public; only issuing one reads the CA's Secret.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import NODE_LABEL, PART_LABEL, ChildPart
from consortium_operator.chain.plan import PlannedMember, PlannedNode
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.protocol import CertificateFacts, InvalidMaterial, Subject
from consortium_operator.kube.kinds import CONFIG_MAP
from consortium_operator.kube.projection import Observed
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.identities import authority_request
from consortium_operator.reconcile.keys import FIRST_GENERATION, WORDS, read_part
from consortium_operator.reconcile.world import Custody, Founded, Round, length_of


@dataclass(frozen=True, slots=True)
class Standing:
    """A certificate that serves now. `due`: another one, which would last longer, should take its
    place."""

    pem: str
    facts: CertificateFacts
    due: bool


def judge(
    run: Round, pem: str | None, authority: AuthorityRegister, fingerprint: str
) -> Standing | None:
    """What a certificate found in the cluster is worth for this CA and key; None: nothing."""
    if not pem:
        return None
    cache = run.memory.certificates
    if (pem, authority.fingerprint) not in cache:
        try:
            cache[(pem, authority.fingerprint)] = run.engine.certificate_facts(pem, authority)
        except InvalidMaterial:
            return None
    facts = cache[(pem, authority.fingerprint)]
    if facts.key_fingerprint != fingerprint:
        return None
    now = run.world.now()
    renew_at: datetime = facts.not_after - length_of(run.plan.spec.certificates.renew_before)
    return Standing(pem, facts, now >= renew_at and run.authority_end(authority) > facts.not_after)


async def authority_key(
    run: Round, member: PlannedMember, kind: AuthorityKind, register: AuthorityRegister
) -> PrivateFiles:
    """A member's CA key, read for the moment of issuing. Raises Blocked where it is gone, has
    ended, or is not the registered one."""
    request = authority_request(run, member, kind, None)
    (name,) = request.secrets
    files = await read_part(run, request, name)
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
    why_not = _why_not_registered(run, files, register)
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
    if run.engine.authority_register(files) != register:
        # Its owner has renewed it just now: what the chain trusts follows in the next round.
        run.memory.verified.pop(request.name, None)
    if run.world.now() >= run.authority_end(run.engine.authority_register(files)):
        raise Blocked(ending(run, member, kind, register))
    return files


def _why_not_registered(run: Round, files: PrivateFiles, register: AuthorityRegister) -> str | None:
    try:
        return run.engine.why_not_renewed(register, run.engine.authority_register(files))
    except InvalidMaterial as error:
        return f"cannot be used: {error}"


def tell_ending_authorities(run: Round, custody: Custody) -> None:
    """A CA that ends before the certificates that it should sign is a person's business."""
    renew_before = length_of(run.plan.spec.certificates.renew_before)
    known = {
        AuthorityKind.NODE: custody.node_authorities,
        AuthorityKind.CLIENT: custody.client_authorities,
    }
    for member in run.plan.members:
        for kind, authorities in known.items():
            register = authorities.get(member.name)
            if register is None:
                continue
            if run.world.now() >= run.authority_end(register) - renew_before:
                run.findings.add(ending(run, member, kind, register))


def ending(
    run: Round, member: PlannedMember, kind: AuthorityKind, register: AuthorityRegister
) -> Finding:
    end, brought = run.authority_end(register), member.brought.get(kind)
    ended = run.world.now() >= end
    remedy = (
        "This version cannot replace a CA that it made"
        if brought is None
        else f"Renew the certificates in Secret {brought} for the same keys and subjects"
    )
    return Finding(
        ConditionType.CERTIFICATES_VALID,
        Reason.EXPIRED if ended else Reason.RENEWING,
        f"the {WORDS[kind]} of member {member.name} {'ended' if ended else 'ends'} at "
        f"{end:%Y-%m-%d %H:%M} UTC, and no certificate outlasts it. {remedy}",
        needs_person=True,
    )


async def node_certificates(founded: Founded) -> dict[str, Standing]:
    """Full object name → certificate, of every node whose keys are known. Issues what is due, but
    not for keys that are not intact."""
    run, custody = founded.round, founded.custody
    standing = serving_certificates(run, custody)
    tell_ending_authorities(run, custody)
    for node in run.plan.nodes:
        name = node.names.node
        best = standing.get(name)
        if not _is_certifiable(custody, node) or node.names.identity in custody.broken:
            continue
        if best is not None and not best.due:
            continue
        try:
            standing[name] = await _issue(founded, node)
        except Blocked as blocked:
            run.findings.extend(blocked.findings)
            if best is not None:
                run.findings.add(_ageing(run, node, best))
    return standing


def serving_certificates(run: Round, custody: Custody) -> dict[str, Standing]:
    """Full object name → the certificate in the cluster, or lately there, that holds longest."""
    found = _by_node(run)
    serving = {}
    for node in run.plan.nodes:
        if _is_certifiable(custody, node):
            best = _best(run, custody, node, found.get(node.names.node, []))
            if best is not None:
                serving[node.names.node] = best
    return serving


def _is_certifiable(custody: Custody, node: PlannedNode) -> bool:
    return node.names.node in custody.nodes and node.member in custody.node_authorities


def _best(
    run: Round, custody: Custody, node: PlannedNode, candidates: list[Observed]
) -> Standing | None:
    authority = custody.node_authorities[node.member]
    fingerprint = custody.nodes[node.names.node].tls_fingerprint
    # Also the one it had: a ConfigMap that was deleted comes back as it was, and the pod stays.
    known = [pem for pem, signer in run.memory.certificates if signer == authority.fingerprint]
    found = [_data(candidate).get("ssl.crt") for candidate in candidates]
    judged = [judge(run, pem, authority, fingerprint) for pem in (*found, *known)]
    return max(
        (one for one in judged if one is not None),
        key=lambda one: (one.facts.not_after, one.pem),
        default=None,
    )


def _ageing(run: Round, node: PlannedNode, best: Standing) -> Finding:
    """A certificate that is due and cannot be renewed."""
    expired = run.world.now() >= best.facts.not_after
    return Finding(
        ConditionType.CERTIFICATES_VALID,
        Reason.EXPIRED if expired else Reason.RENEWING,
        f"the certificate of node {node.path} {'ended' if expired else 'ends'} at "
        f"{best.facts.not_after:%Y-%m-%d %H:%M} UTC and cannot be renewed",
        needs_person=True,
    )


async def _issue(founded: Founded, node: PlannedNode) -> Standing:
    run, custody = founded.round, founded.custody
    authority = custody.node_authorities[node.member]
    register = custody.nodes[node.names.node]
    member = next(one for one in run.plan.members if one.name == node.member)
    files = await authority_key(run, member, AuthorityKind.NODE, authority)
    subject = Subject(run.key.name, node.member, node.name, FIRST_GENERATION)
    validity = run.validity(run.plan.spec.certificates.duration)
    pem = await sign(
        lambda: run.engine.node_certificate(files, subject, register.tls_public_key, validity),
        f"the certificate of node {node.path}",
    )
    issued = judge(run, pem, authority, register.tls_fingerprint)
    if issued is None:
        raise AssertionError(f"the certificate issued for {node.path} does not verify")
    run.log.info("issued a node certificate", extra={"node": node.path})
    return replace(issued, due=False)


async def sign(issue: Callable[[], str], what: str) -> str:
    """Raises Blocked where the CA's owner made it so that it cannot sign this."""
    try:
        return await asyncio.to_thread(issue)
    except InvalidMaterial as error:
        raise Blocked(
            Finding(
                ConditionType.CERTIFICATES_VALID,
                Reason.RENEWING,
                f"{what} cannot be signed: {error}",
                needs_person=True,
            )
        ) from error


def _by_node(run: Round) -> dict[str, list[Observed]]:
    found: dict[str, list[Observed]] = {}
    for observed in run.world.store.by_chain(run.key.namespace, run.key.name, CONFIG_MAP):
        if observed.labels.get(PART_LABEL) == ChildPart.CERTIFICATE:
            found.setdefault(observed.labels.get(NODE_LABEL, ""), []).append(observed)
    return found


def _data(observed: Observed) -> Mapping[str, str]:
    return observed.detail if isinstance(observed.detail, Mapping) else {}
