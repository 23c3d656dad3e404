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
from consortium_operator.reconcile.world import Founded, Round, length_of


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


async def authority_key(run: Round, member: PlannedMember, kind: AuthorityKind) -> PrivateFiles:
    """A member's CA key, read for the moment of issuing. Raises Blocked where it is gone."""
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
    return files


async def node_certificates(founded: Founded) -> dict[str, Standing]:
    """Full object name → certificate, of every node whose keys are intact."""
    run, custody = founded.round, founded.custody
    found = _by_node(run)
    standing: dict[str, Standing] = {}
    for member in run.plan.members:
        for node in run.plan.nodes_of(member.name):
            if node.names.node not in custody.nodes or member.name not in custody.node_authorities:
                continue
            try:
                standing[node.names.node] = await _node_certificate(
                    founded, member, node, found.get(node.names.node, [])
                )
            except Blocked as blocked:
                run.findings.extend(blocked.findings)
    return standing


async def _node_certificate(
    founded: Founded, member: PlannedMember, node: PlannedNode, candidates: list[Observed]
) -> Standing:
    run, custody = founded.round, founded.custody
    authority = custody.node_authorities[member.name]
    register = custody.nodes[node.names.node]
    judged = [
        judge(run, _data(candidate).get("ssl.crt"), authority, register.tls_fingerprint)
        for candidate in candidates
    ]
    best = max(
        (one for one in judged if one is not None),
        key=lambda one: (one.facts.not_after, one.pem),
        default=None,
    )
    if best is not None and not best.due:
        return best
    files = await authority_key(run, member, AuthorityKind.NODE)
    subject = Subject(run.key.name, member.name, node.name, FIRST_GENERATION)
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
