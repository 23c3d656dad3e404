"""Keys that members bring: judged together before anything is made, and against each other.

What is registered is never changed. So before a chain is founded every brought key is looked at
first: as long as one is missing or bad nothing is registered, made or sealed, and its owner may
still put another one in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister, NodeRegister
from consortium_operator.engines.protocol import AuthorityOwner, Conflict
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.key_refusals import invalid
from consortium_operator.reconcile.key_requests import FIRST_GENERATION, WORDS, KeyRequest
from consortium_operator.reconcile.keys import look_at_brought
from consortium_operator.reconcile.world import Custody, Round

FIELDS = {AuthorityKind.NODE: "certificateAuthority", AuthorityKind.CLIENT: "clientAuthority"}
"""By which field of a member it brings each of its CAs."""


@dataclass(frozen=True, slots=True)
class BroughtRequests:
    """What the plan's members bring. `nodes`: by path."""

    authorities: Mapping[AuthorityOwner, KeyRequest[AuthorityRegister]]
    nodes: Mapping[str, KeyRequest[NodeRegister]]


async def refuse_bad_keys(run: Round, requests: BroughtRequests) -> None:
    """Raises Blocked with all that is wrong, so that it can be mended in one go."""
    findings: list[Finding] = []
    authorities: dict[AuthorityOwner, AuthorityRegister] = {}
    for owner, authority in requests.authorities.items():
        try:
            authorities[owner] = await _serving_authority(run, authority)
        except Blocked as blocked:
            findings.extend(blocked.findings)
    node_ids: dict[str, str] = {}
    for path, node in requests.nodes.items():
        try:
            node_ids[path] = await look_at_brought(run, node, run.engine.node_id)
        except Blocked as blocked:
            findings.extend(blocked.findings)
    conflicts = run.engine.authority_conflicts(authorities)
    findings.extend(_conflict(run, conflict) for conflict in conflicts)
    findings.extend(_shared_key(run, *paths) for paths in _shared(node_ids))
    if findings:
        raise Blocked(*findings, _waiting(findings))


def tell_conflicts(run: Round, custody: Custody) -> None:
    """Also with the keys that the operator made: a founded chain runs on, a new one is not."""
    if not any(member.brought for member in run.plan.members) and not any(
        node.brought_key for node in run.plan.nodes
    ):
        return
    known = {
        (member.name, kind): register
        for member in run.plan.members
        for kind, register in custody.authorities_of(member.name).items()
    }
    for conflict in run.engine.authority_conflicts(known):
        run.findings.add(_conflict(run, conflict))
        custody.broken.update(
            run.key.member(member).authority(kind, custody.generations[member, kind])
            for member, kind in (conflict.first, conflict.second)
        )
    nodes = run.plan.by_object_name
    node_ids = {nodes[name].path: one.node_id for name, one in custody.nodes.items()}
    for first, second in _shared(node_ids):
        run.findings.add(_shared_key(run, first, second))
        custody.broken.update(
            node.names.identity for node in run.plan.nodes if node.path in (first, second)
        )


async def _serving_authority(
    run: Round, request: KeyRequest[AuthorityRegister]
) -> AuthorityRegister:
    """Raises Blocked also where its certificates do not hold now."""
    found = await look_at_brought(run, request, lambda files: request.derive([files]))
    facts, now = run.engine.authority_facts(found), run.world.now()
    if now >= facts.not_after:
        raise invalid(
            request,
            list(request.brought),
            f"cannot be used: its certificate, or one above it, ended at "
            f"{facts.not_after:%Y-%m-%d %H:%M} UTC: renew it",
        )
    if now < facts.not_before:
        raise invalid(
            request,
            list(request.brought),
            f"cannot be used before {facts.not_before:%Y-%m-%d %H:%M} UTC, when its certificate "
            "begins",
        )
    return found


def _waiting(findings: list[Finding]) -> Finding:
    missing = all(finding.reason is Reason.SECRET_NOT_FOUND for finding in findings)
    return Finding(
        ConditionType.GENESIS_SEALED,
        Reason.WAITING_FOR_IDENTITIES,
        "the genesis waits for the keys that members bring"
        + ("" if missing else ", of which some cannot be used"),
    )


def _conflict(run: Round, conflict: Conflict) -> Finding:
    return _invalid(
        f"{_described(run, conflict.first)} and {_described(run, conflict.second)} {conflict.why}"
    )


def _described(run: Round, owner: AuthorityOwner) -> str:
    member, kind = owner
    return f"Secret {_secret_of(run, owner)} ({WORDS[kind]} of member {member})"


def _secret_of(run: Round, owner: AuthorityOwner) -> str:
    name, kind = owner
    member = next(one for one in run.plan.members if one.name == name)
    return member.brought.get(kind) or member.names.authority(kind, FIRST_GENERATION)


def _shared(node_ids: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each node with the first one that has the same key."""
    first: dict[str, str] = {}
    return [
        (known, path)
        for path, node_id in sorted(node_ids.items())
        if (known := first.setdefault(node_id, path)) != path
    ]


def _shared_key(run: Round, first: str, second: str) -> Finding:
    secrets = {node.path: node.key_secret for node in run.plan.nodes}
    return _invalid(
        f"Secret {secrets[first]} of node {first} and Secret {secrets[second]} of node {second} "
        "hold one key: each node needs a key of its own"
    )


def _invalid(message: str) -> Finding:
    return Finding(ConditionType.IDENTITIES_INTACT, Reason.INVALID, message, needs_person=True)
