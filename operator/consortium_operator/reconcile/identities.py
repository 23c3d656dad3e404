"""Ensures every key that a chain needs, each looked after apart from the others.

Which keys those are, and when each may be made, is in `key_owners`; the how in `keys`. What members
bring is judged in `brought`.
"""

from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import PlannedMember
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.reconcile.brought import BroughtRequests, refuse_bad_keys, tell_conflicts
from consortium_operator.reconcile.findings import Blocked
from consortium_operator.reconcile.generations import (
    asked_generation,
    is_one_lost,
    newest_kept,
    newest_registered,
)
from consortium_operator.reconcile.key_owners import (
    admin_request,
    authority_request,
    node_request,
    registered_authorities,
)
from consortium_operator.reconcile.key_refusals import lost_generation
from consortium_operator.reconcile.key_requests import FIRST_GENERATION, KeyRequest, P
from consortium_operator.reconcile.keys import ensure, last_recorded, trusted
from consortium_operator.reconcile.world import Custody, Round


async def ensure_identities(run: Round, seal: Seal | None) -> Custody:
    """The public side of every key; each one that is not intact is a finding. Raises Blocked, with
    nothing made, where a key that is brought to the founding is missing or bad."""
    if seal is None:
        await refuse_bad_keys(run, _brought_requests(run))
    custody = Custody()
    for member in run.plan.staying_members:
        for kind, into in _authorities(custody).items():
            await _ensure_authority(run, member, kind, seal, custody, into)
    for node in run.plan.staying:
        if node.member in custody.node_authorities:
            await _ensure(
                run, node_request(run, node, seal), custody, custody.nodes, node.names.node
            )
    _look_up_leavers(run, custody)
    await _ensure(run, admin_request(run, seal), custody, custody.admins, run.key.admin)
    tell_conflicts(run, custody)
    return custody


def _brought_requests(run: Round) -> BroughtRequests:
    return BroughtRequests(
        authorities={
            (member.name, kind): authority_request(run, member, kind, None, FIRST_GENERATION)
            for member in run.plan.members
            for kind in member.brought
        },
        nodes={
            node.path: node_request(run, node, None)
            for node in run.plan.nodes
            if node.brought_key is not None
        },
    )


def _look_up_leavers(run: Round, custody: Custody) -> None:
    """Whoever leaves needs no key any more that could be missing; the others still know it."""
    for member in run.plan.members:
        if member.departure is not None:
            for kind, into in _authorities(custody).items():
                _look_up_authority(run, member, kind, custody, into)
    for node in run.plan.nodes:
        if node.departure is not None:
            _look_up(run, node_request(run, node, None), custody.nodes, node.names.node)


def look_up_identities(run: Round) -> Custody:
    """What the registers say, without a look at the keys: for a round that may write nothing."""
    custody = Custody()
    for member in run.plan.members:
        for kind, into in _authorities(custody).items():
            _look_up_authority(run, member, kind, custody, into)
    for node in run.plan.nodes:
        _look_up(run, node_request(run, node, None), custody.nodes, node.names.node)
    _look_up(run, admin_request(run, None), custody.admins, run.key.admin)
    return custody


async def _ensure_authority(
    run: Round,
    member: PlannedMember,
    kind: AuthorityKind,
    seal: Seal | None,
    custody: Custody,
    into: dict[str, AuthorityRegister],
) -> None:
    """The newest generation, and the next one where a person asks for it."""
    is_own = seal is not None and kind not in member.brought
    generation = newest_registered(run, member, kind)
    if is_own:
        generation = await newest_kept(run, member, kind, generation)
    newest = authority_request(run, member, kind, seal, generation)
    custody.generations[member.name, kind] = generation
    asked = asked_generation(run, member) if is_own else None
    is_next = asked is not None and asked > generation
    if is_own and (is_next or trusted(run, newest.name) is None):
        known = registered_authorities(run, member, kind)
        if generation in known and is_one_lost(run, member, kind, list(known.values())):
            run.findings.add(lost_generation(member, kind, newest.name))
            custody.broken.add(newest.name)
            return
    await _ensure(run, newest, custody, into, member.name)
    if asked is not None and is_next and newest.name not in custody.broken:
        following = authority_request(run, member, kind, seal, asked)
        await _ensure(run, following, custody, into, member.name)
        if following.name not in custody.broken:
            custody.generations[member.name, kind] = asked


def _look_up_authority(
    run: Round,
    member: PlannedMember,
    kind: AuthorityKind,
    custody: Custody,
    into: dict[str, AuthorityRegister],
) -> None:
    generation = newest_registered(run, member, kind)
    custody.generations[member.name, kind] = generation
    _look_up(run, authority_request(run, member, kind, None, generation), into, member.name)


def _authorities(custody: Custody) -> dict[AuthorityKind, dict[str, AuthorityRegister]]:
    return {
        AuthorityKind.NODE: custody.node_authorities,
        AuthorityKind.CLIENT: custody.client_authorities,
    }


async def _ensure(
    run: Round, request: KeyRequest[P], custody: Custody, into: dict[str, P], name: str
) -> None:
    """One lost key must not keep the others from being looked after."""
    try:
        into[name] = await ensure(run, request)
    except Blocked as blocked:
        run.findings.extend(blocked.findings)
        custody.broken.add(request.name)
        _look_up(run, request, into, name)


def _look_up(run: Round, request: KeyRequest[P], into: dict[str, P], name: str) -> None:
    """The public side as recorded and last seen, if it was."""
    found = last_recorded(run, request)
    if found is not None:
        into[name] = found
