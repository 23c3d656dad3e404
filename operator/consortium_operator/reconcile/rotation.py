"""A member's CAs are replaced by their next generation, step by step.

Nothing of it is remembered: each step follows from which generations exist, and from which ones
the certificates in use come:

1. The next generation is made (`identities`). All trust it at once, through the live directory.
2. The member's nodes get leafs from it, and both generations in their ca.crt, one at a time.
3. Once all of them run with both, its clients get certificates from the new one.
4. Once no certificate of the old one is in use, it is dropped: from the directory, from ca.crt, and
   by a guarded restart of every node, since a process caches what it trusts.
"""

from collections.abc import Iterator, Mapping

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.plan import PlannedMember, PlannedNode
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister
from consortium_operator.engines.protocol import InvalidMaterial
from consortium_operator.kube.kinds import CONFIG_MAP, STATEFUL_SET, ObjectKey
from consortium_operator.kube.projection import PodDetail, StatefulSetDetail
from consortium_operator.manifests.identity import ClientKind
from consortium_operator.reconcile.certificates import era_of
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.generations import registered_generations, tell_vain_words
from consortium_operator.reconcile.key_owners import authority_request
from consortium_operator.reconcile.keys import registered
from consortium_operator.reconcile.world import Custody, Era, Round


def note_retiring(run: Round, custody: Custody) -> None:
    """Notes and tells the earlier generations that are still in use."""
    tell_vain_words(run)
    for member in run.plan.members:
        earlier = _earlier(run, custody, member)
        if not earlier:
            continue
        custody.retiring[member.name] = earlier
        in_use = set(_eras_in_use(run, custody, member))
        custody.retiring[member.name] = tuple(
            era for number, era in enumerate(earlier, start=1) if number in in_use
        )
        if custody.retiring[member.name]:
            newest = max(custody.eras_of(member.name)[0].numbers.values())
            run.findings.add(
                Finding(
                    ConditionType.CERTIFICATES_VALID,
                    Reason.RENEWING,
                    f"the CAs of member {member.name} are being replaced by generation {newest}: "
                    "its nodes and clients get certificates from it, and what came before is "
                    "trusted until the last one has",
                )
            )


def issuing_era(run: Round, custody: Custody, member: PlannedMember) -> Era:
    """From which generation clients get their certificates: the newest that all running nodes of
    the member let in."""
    eras = custody.eras_of(member.name)
    read = [files for node in run.plan.nodes_of(member.name) for files in _read(run, node)]
    for era in eras:
        root = era.authorities[AuthorityKind.CLIENT].certificate
        if all(any(root in text for text in files.values()) for files in read):
            return era
    return eras[-1]


def _earlier(run: Round, custody: Custody, member: PlannedMember) -> tuple[Era, ...]:
    newest = custody.eras_of(member.name)[0]
    own = [kind for kind in newest.numbers if kind not in member.brought]
    known = {kind: registered_generations(run, member, kind) for kind in own}
    numbers = sorted({one for found in known.values() for one in found}, reverse=True)
    found = []
    for number in numbers:
        kinds = [k for k in own if number in known[k] and number < newest.numbers[k]]
        registers = {kind: _register(run, member, kind, number) for kind in kinds}
        authorities = {kind: one for kind, one in registers.items() if one is not None}
        if authorities:
            found.append(
                Era(
                    {**newest.authorities, **authorities},
                    {**newest.numbers, **dict.fromkeys(authorities, number)},
                )
            )
    return tuple(found)


def _register(
    run: Round, member: PlannedMember, kind: AuthorityKind, generation: int
) -> AuthorityRegister | None:
    return registered(run, authority_request(run, member, kind, None, generation))


def _eras_in_use(run: Round, custody: Custody, member: PlannedMember) -> Iterator[int]:
    """By the certificates that pods have read, or will, and by those of clients."""
    for node in run.plan.nodes_of(member.name):
        if node.names.node in custody.nodes:
            for files in (*_read(run, node), *_to_be_read(run, node)):
                own = run.engine.node_certificates_in(files)
                number = era_of(run, custody, node, own) if own else None
                if number is not None:
                    yield number
    for kind in ClientKind:
        pem = (_config_map(run, kind.object_name(member)) or {}).get(kind.value)
        if pem is not None:
            yield from _signers(run, custody, member, pem)


def _signers(run: Round, custody: Custody, member: PlannedMember, pem: str) -> Iterator[int]:
    for number, era in enumerate(custody.eras_of(member.name)):
        try:
            run.engine.certificate_facts(pem, era.authorities[AuthorityKind.CLIENT])
        except InvalidMaterial:
            continue
        yield number
        return


def _read(run: Round, node: PlannedNode) -> list[Mapping[str, str]]:
    """The ConfigMaps that the node's pod mounts, as far as they are there."""
    pod = pod_of(run, node)
    detail = pod.detail if pod is not None else None
    return _config_maps(run, detail.config_maps) if isinstance(detail, PodDetail) else []


def _to_be_read(run: Round, node: PlannedNode) -> list[Mapping[str, str]]:
    found = run.world.store.get(ObjectKey(STATEFUL_SET, run.key.namespace, node.names.node))
    detail = found.detail if found is not None else None
    return _config_maps(run, detail.config_maps) if isinstance(detail, StatefulSetDetail) else []


def _config_maps(run: Round, names: tuple[str, ...]) -> list[Mapping[str, str]]:
    found = (_config_map(run, name) for name in names)
    return [data for data in found if data is not None and run.engine.node_certificates_in(data)]


def _config_map(run: Round, name: str) -> Mapping[str, str] | None:
    found = run.world.store.get(ObjectKey(CONFIG_MAP, run.key.namespace, name))
    if found is None or not isinstance(found.detail, Mapping):
        return None
    return found.detail
