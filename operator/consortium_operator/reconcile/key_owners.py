"""Which keys each owner has, and when each may be made: a member's authorities, a node, the chain's
admin account.

A key that may not be made any more is one whose owner already appears in what outlives it: a
register entry, the founders table, the journal, a volume, or a pinned genesis.
"""

from collections.abc import Iterable, Sequence

from consortium_operator.api.conditions import Reason
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.naming import (
    NODE_LABEL,
    PART_LABEL,
    ChildPart,
    chain_labels,
    is_ours,
    member_labels,
    node_labels,
)
from consortium_operator.chain.plan import PlannedMember, PlannedNode
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import (
    AccountRegister,
    AuthorityKind,
    AuthorityRegister,
    NodeRegister,
)
from consortium_operator.engines.protocol import Subject
from consortium_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM, POD, ObjectKey
from consortium_operator.kube.projection import PodDetail
from consortium_operator.manifests import identity as manifests
from consortium_operator.reconcile.brought import FIELDS
from consortium_operator.reconcile.generations import (
    registered_generations,
    why_generation_must_exist,
)
from consortium_operator.reconcile.journal import read_journal
from consortium_operator.reconcile.key_refusals import label_conflict
from consortium_operator.reconcile.key_requests import (
    FIRST_GENERATION,
    RECHECK,
    RECHECK_WAITING,
    BroughtPart,
    KeyRequest,
    Register,
    Renewal,
    SecretPart,
)
from consortium_operator.reconcile.keys import registered
from consortium_operator.reconcile.world import Round, length_of


def authority_request(
    run: Round, member: PlannedMember, kind: AuthorityKind, seal: Seal | None, generation: int
) -> KeyRequest[AuthorityRegister]:
    """A member's CA. Each generation has a subject of its own."""
    engine, plan = run.engine, run.plan
    name = member.names.authority(kind, generation)

    async def forbids() -> str | None:
        if generation != FIRST_GENERATION:
            return why_generation_must_exist(run, member, generation)
        return _why_member_must_exist(run, member.name, seal)

    return KeyRequest(
        name=name,
        labels=member_labels(run.key.name, plan.engine, member.name),
        subject=f"member {member.name}",
        secrets=_authority_secrets(run, member, kind, generation),
        register=Register(
            AuthorityRegister.from_data,
            lambda public: manifests.authority_register(plan, member, kind, generation, public),
        ),
        derive=lambda files: engine.authority_register(kind, files[0]),
        missing=Reason.CA_KEY_MISSING,
        forbids_making=forbids,
        renewal=Renewal(
            engine.why_not_renewed,
            lambda public: manifests.authority_renewal(plan, member, kind, generation, public),
            lambda found: _longest_lived(run, found),
        ),
        field=f"{plan.field_of(member.name)}.{FIELDS[kind]}",
        recheck=RECHECK_WAITING if _is_about_to_end(run, name) else RECHECK,
    )


def registered_authorities(
    run: Round, member: PlannedMember, kind: AuthorityKind
) -> dict[int, AuthorityRegister]:
    """Every generation, as it was when it was registered."""
    found = {
        number: registered(run, authority_request(run, member, kind, None, number))
        for number in registered_generations(run, member, kind)
    }
    return {number: register for number, register in found.items() if register is not None}


def registered_authority(
    run: Round, member: PlannedMember, kind: AuthorityKind
) -> AuthorityRegister | None:
    """A CA as it was when it was registered, whatever its owner has renewed since."""
    return registered(run, authority_request(run, member, kind, None, FIRST_GENERATION))


def _authority_secrets(
    run: Round, member: PlannedMember, kind: AuthorityKind, generation: int
) -> dict[str, SecretPart | BroughtPart]:
    brought = member.brought.get(kind)
    if brought is not None:
        return {brought: BroughtPart("tls.crt and tls.key, as type kubernetes.io/tls has them")}
    engine, plan = run.engine, run.plan
    name = member.names.authority(kind, generation)
    subject = Subject(run.key.name, member.name, kind.value, generation)
    lifetime = plan.spec.certificates.ca_duration
    return {
        name: SecretPart(
            make=lambda: engine.new_authority(kind, subject, run.validity(lifetime)),
            manifest=lambda f: manifests.authority_secret(plan, member, kind, generation, f),
        )
    }


def _longest_lived(run: Round, found: Iterable[AuthorityRegister]) -> AuthorityRegister:
    return max(found, key=lambda one: (run.authority_end(one), one.certificate, one.chain))


def _is_about_to_end(run: Round, name: str) -> bool:
    """Then its owner may be renewing it."""
    verified = run.memory.verified.get(name)
    if verified is None or not isinstance(verified.public, AuthorityRegister):
        return False
    renew_before = length_of(run.plan.spec.certificates.renew_before)
    return run.world.now() >= run.authority_end(verified.public) - renew_before


def node_request(run: Round, node: PlannedNode, seal: Seal | None) -> KeyRequest[NodeRegister]:
    """A node's two keys, which share one register entry: node.pem first, then the TLS key."""
    engine, plan, names = run.engine, run.plan, node.names

    async def forbids() -> str | None:
        return await _why_node_must_exist(run, node, seal)

    def derive(files: Sequence[PrivateFiles]) -> NodeRegister:
        return engine.node_register(files[0], files[1])

    def contradicts(public: NodeRegister) -> str | None:
        founder = seal.founder(node.member, node.name) if seal is not None else None
        if founder is None or founder.node_id == public.node_id:
            return None
        return "is not the key that founded the chain"

    key: SecretPart | BroughtPart = BroughtPart("node.pem, the node's own key")
    if node.brought_key is None:
        key = SecretPart(engine.new_node_key, lambda f: manifests.node_key_secret(plan, node, f))
    return KeyRequest(
        name=names.identity,
        labels=node_labels(run.key.name, plan.engine, node.member, names.node),
        subject=f"node {node.path}",
        secrets={
            node.key_secret: key,
            names.tls(FIRST_GENERATION): SecretPart(
                engine.new_tls_key,
                lambda f: manifests.tls_key_secret(plan, node, FIRST_GENERATION, f),
            ),
        },
        register=Register(
            NodeRegister.from_data, lambda public: manifests.node_register(plan, node, public)
        ),
        derive=derive,
        missing=Reason.NODE_KEY_MISSING,
        forbids_making=forbids,
        contradicts=contradicts,
        field=f"{plan.field_of(node.member, node.group)}.identity",
        recheck=RECHECK_WAITING if _waits_for_files(run, node) else RECHECK,
    )


def _waits_for_files(run: Round, node: PlannedNode) -> bool:
    """Whether the node's pod has a machine but no running container."""
    pod = run.world.store.get(ObjectKey(POD, run.key.namespace, node.names.pod))
    if pod is None or not isinstance(pod.detail, PodDetail):
        return False
    return pod.detail.phase == "Pending" and not pod.detail.unschedulable


def admin_request(run: Round, seal: Seal | None) -> KeyRequest[AccountRegister]:
    plan, engine = run.plan, run.engine

    async def forbids() -> str | None:
        if seal is not None:
            return "the chain was founded with it"
        return why_pinned(run, seal) or _why_founded(run)

    return KeyRequest(
        name=run.key.admin,
        labels=chain_labels(run.key.name, plan.engine),
        subject="the chain's admin account",
        secrets={
            run.key.admin: SecretPart(engine.new_account, lambda f: manifests.admin_secret(plan, f))
        },
        register=Register(
            AccountRegister.from_data, lambda public: manifests.admin_register(plan, public)
        ),
        derive=lambda files: engine.account_register(files[0]),
        missing=Reason.NODE_KEY_MISSING,
        forbids_making=forbids,
    )


def why_pinned(run: Round, seal: Seal | None) -> str | None:
    """Why a pinned genesis keeps keys from being made of which it does not tell, or None. What is
    pinned may be on its way back from a backup, the keys of later members with it: nobody is new
    before the chain is seen to run."""
    if run.plan.spec.fisco_bcos.genesis_sha256 is None:
        return None
    if seal is None:
        return _PINNED
    if not read_journal(run).has_blocks:
        return "spec.fiscoBcos.genesisSha256 pins a genesis, whose chain was not seen to run yet"
    return None


def why_client_is_pinned(run: Round, member: str, seal: Seal) -> str | None:
    """The same of a member's client, which no register tells of."""
    if run.plan.spec.fisco_bcos.genesis_sha256 is not None and _has_founded(member, seal):
        return _PINNED
    return why_pinned(run, seal)


_PINNED = "spec.fiscoBcos.genesisSha256 pins a genesis, whose founders had their keys"


def _has_founded(member: str, seal: Seal) -> bool:
    return any(founder.member == member for founder in seal.founders)


def _why_member_must_exist(run: Round, member: str, seal: Seal | None) -> str | None:
    if seal is None:
        return why_pinned(run, seal) or _why_founded(run)
    if _has_founded(member, seal):
        return "the member is in the founders table"
    entries = read_journal(run).entries.values()
    if any(one.is_on_chain and (one.path or "").startswith(f"{member}/") for one in entries):
        return "the journal says that the chain has nodes of the member"
    return why_pinned(run, seal)


def _why_founded(run: Round) -> str | None:
    """Why no key may be made though no genesis is there: where a volume is, one was, and the rest
    of a backup is still to come."""
    claims = run.world.store.by_chain(run.key.namespace, run.key.name, PERSISTENT_VOLUME_CLAIM)
    # One that only bears the chain's name is told as a conflict, when its turn comes.
    volumes = [one for one in claims if one.labels.get(PART_LABEL) == ChildPart.DATA]
    if not volumes:
        return None
    return f"the volume {volumes[0].key.name} exists, and the chain's keys existed before it"


async def _why_node_must_exist(run: Round, node: PlannedNode, seal: Seal | None) -> str | None:
    if seal is not None and seal.founder(node.member, node.name) is not None:
        return "the node is in the founders table"
    if seal is not None and read_journal(run).of(node.names.node).is_on_chain:
        return "the journal says that the chain has the node"
    if any(
        claim.labels.get(NODE_LABEL) == node.names.node
        for claim in run.world.store.by_chain(
            run.key.namespace, run.key.name, PERSISTENT_VOLUME_CLAIM
        )
    ):
        return "a volume of the node exists"
    # Our watch may lag behind: before a key is made the API server itself is asked.
    volume = ObjectKey(
        PERSISTENT_VOLUME_CLAIM, run.key.namespace, node.names.data(FIRST_GENERATION)
    )
    found = await run.world.client.get(volume)
    if found is not None:
        labels = node_labels(run.key.name, run.plan.engine, node.member, node.names.node)
        if not is_ours(found["metadata"].get("labels") or {}, labels):
            wanted = {**labels, PART_LABEL: ChildPart.DATA}
            raise label_conflict("PersistentVolumeClaim", volume.name, wanted)
        return f"the volume {volume.name} exists"
    return why_pinned(run, seal)
