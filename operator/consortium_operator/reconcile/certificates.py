"""Node and client certificates: the one that serves is found and kept, else one is issued.

A certificate serves if the member's CA signed it for the recorded key and it is not about to
expire. Certificates are public; only issuing one reads the CA's Secret.
"""

import asyncio
from collections.abc import Mapping
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
from consortium_operator.reconcile.identities import FIRST_GENERATION, authority_request
from consortium_operator.reconcile.keys import read_secret
from consortium_operator.reconcile.world import Custody, Founded, Round, length_of


@dataclass(frozen=True, slots=True)
class Standing:
    """A certificate that serves now. `due`: it should be replaced, but still holds."""

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
    return Standing(pem, facts, due=now >= renew_at)


async def authority_key(
    run: Round, member: PlannedMember, kind: AuthorityKind, register: AuthorityRegister
) -> PrivateFiles:
    """A member's CA key, read for the moment of issuing. Raises Blocked where it is gone, or is
    not the registered one."""
    request = authority_request(run, member, kind, None)
    (name, part), *_ = request.secrets.items()
    files = await read_secret(run, name, part.labels)
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
    if not _is_registered(run, files, register):
        raise Blocked(
            Finding(
                ConditionType.IDENTITIES_INTACT,
                Reason.NODE_KEY_MISMATCH,
                f"Secret {name} of member {member.name} is not the key that its register holds: "
                "nothing can be signed. Put back the right one from a backup",
                needs_person=True,
            )
        )
    return files


def _is_registered(run: Round, files: PrivateFiles, register: AuthorityRegister) -> bool:
    try:
        return run.engine.authority_register(files) == register
    except InvalidMaterial:
        return False


async def node_certificates(founded: Founded) -> dict[str, Standing]:
    """Full object name → certificate, of every node whose keys are known. Issues what is due, but
    not for keys that are not intact."""
    run, custody = founded.round, founded.custody
    standing = serving_certificates(run, custody)
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
    pem = await asyncio.to_thread(
        run.engine.node_certificate, files, subject, register.tls_public_key, validity
    )
    issued = judge(run, pem, authority, register.tls_fingerprint)
    if issued is None:
        raise AssertionError(f"the certificate issued for {node.path} does not verify")
    run.log.info("issued a node certificate", extra={"node": node.path})
    return replace(issued, due=False)


def _by_node(run: Round) -> dict[str, list[Observed]]:
    found: dict[str, list[Observed]] = {}
    for observed in run.world.store.by_chain(run.key.namespace, run.key.name, CONFIG_MAP):
        if observed.labels.get(PART_LABEL) == ChildPart.CERTIFICATE:
            found.setdefault(observed.labels.get(NODE_LABEL, ""), []).append(observed)
    return found


def _data(observed: Observed) -> Mapping[str, str]:
    return observed.detail if isinstance(observed.detail, Mapping) else {}
