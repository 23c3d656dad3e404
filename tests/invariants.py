"""What must hold at every moment of every history, whatever failed on the way.

A history is the list of all changes of all objects of a namespace, oldest first, with who made
each. `violations` names what is broken, a sentence each; an empty list is the only good answer.
The numbers are those under which the project's tests speak of them:

S1 a key never changes      S2 no identity without its key    S3 a lost key is not made anew
S4 a genesis never changes  S5 the order of the founding      S6 nothing irreplaceable is deleted
S7 the operator keeps to its own objects                      S8 no private key outside Secrets
S9 no eviction, by anybody, takes pods that serve below the quorum
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from cryptography import x509

CHAIN_LABEL = "consortium.dev/chain"
PART_LABEL = "consortium.dev/part"
OWNER_KIND = "ConsortiumChain"
_ACCEPTED = {"consortium.dev/accept-pause", "consortium.dev/accept-change"}

Object = Mapping[str, Any]
Place = tuple[str, str, str]
"""Kind, namespace, name."""


class Change(Protocol):
    """`type` as in a watch: ADDED, MODIFIED, DELETED. `actor`: operator, or anybody else."""

    @property
    def type(self) -> str: ...
    @property
    def object(self) -> Object: ...
    @property
    def actor(self) -> str: ...


@dataclass(slots=True)
class _World:
    """The objects after some changes, and what was ever seen."""

    now: dict[Place, Object] = field(default_factory=dict)
    chains: set[Place] = field(default_factory=set)
    secrets: dict[Place, set[str]] = field(default_factory=dict)
    registered: set[Place] = field(default_factory=set)
    genesis: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    pems: set[str] = field(default_factory=set)
    services: set[tuple[str, str, str]] = field(default_factory=set)
    taken: set[Place] = field(default_factory=set)

    def all(self, kind: str, namespace: str, chain: str, part: str) -> list[Object]:
        return [
            obj
            for (k, ns, _), obj in self.now.items()
            if (k, ns) == (kind, namespace)
            and _label(obj, CHAIN_LABEL) == chain
            and _label(obj, PART_LABEL) == part
        ]


def violations(history: Iterable[Change]) -> list[str]:
    """Every invariant that some change of the history breaks."""
    world = _World()
    found: list[str] = []
    for number, change in enumerate(history):
        place = _place(change.object)
        before = world.now.get(place)
        if change.type == "DELETED":
            world.now.pop(place, None)
        else:
            world.now[place] = change.object
        if change.actor == "operator":
            broken = (*_of_operator(change, before, world), *_confinement(change, before, world))
            found += [f"change {number}, {change.type} {'/'.join(place)}: {one}" for one in broken]
        if place[0] == "Pod" and change.type == "MODIFIED" and before is not None:
            broken = tuple(_eviction(change.object, before, world))
            found += [f"change {number}, eviction of {'/'.join(place)}: {one}" for one in broken]
        _remember(change, place, world)
    return found + [f"at the end: {one}" for one in _leaks(world)]


def _of_operator(change: Change, before: Object | None, world: _World) -> Iterator[str]:
    obj, place = change.object, _place(change.object)
    kind, part = place[0], _label(obj, PART_LABEL)
    if change.type == "DELETED":
        if kind in ("Secret", "PersistentVolumeClaim") or part in (
            "genesis",
            "register",
            "journal",
        ):
            yield "S6: the operator deleted what cannot be replaced"
        return
    if kind == "Secret":
        yield from _key(obj, before, place, world)
    if part == "genesis":
        earlier = world.genesis.get((place[1], _label(obj, CHAIN_LABEL)), set())
        if earlier and _digest(obj.get("data")) not in earlier:
            yield "S4: another genesis than before"
        if not earlier:
            yield from _sealed_identities(obj, place, world)
    if kind == "StatefulSet":
        if obj["spec"]["replicas"] not in ((0, 1) if _may_stop(obj, world) else (1,)):
            yield "S6: a node with no pod that the spec does not stop, or with two of one key"
        if before is None and not _is_doomed(obj, place, world):
            yield from _order(obj, place, world)


def _may_stop(stateful_set: Object, world: _World) -> bool:
    """Whether the spec stops the node, or all of them."""
    chain = _label(stateful_set, CHAIN_LABEL)
    owner = world.now.get((OWNER_KIND, stateful_set["metadata"]["namespace"], chain)) or {}
    if _hibernates(owner):
        return True
    stopped = {
        f"{chain}-{member['name']}-{group['name']}-0"
        for member in (owner.get("spec") or {}).get("members", [])
        for group in member["nodes"]
        if group.get("state") == "Stopped"
    }
    return stateful_set["metadata"]["name"] in stopped


def _hibernates(chain: Object) -> bool:
    return bool((chain.get("spec") or {}).get("hibernated"))


def _key(obj: Object, before: Object | None, place: Place, world: _World) -> Iterator[str]:
    if before is not None:
        yield "S1: a Secret was overwritten"
    if place in world.registered and _digest(obj.get("data")) not in world.secrets.get(place, ()):
        yield "S3: a registered key was made anew"
    if not obj.get("immutable"):
        yield "S1: a key is not immutable"
    if obj["metadata"].get("ownerReferences"):
        yield "S6: a key would go with its owner"


def _sealed_identities(obj: Object, place: Place, world: _World) -> Iterator[str]:
    """Each node that the genesis names has its Secret, its owner's where one is brought, and a
    register of that very id."""
    chain = _label(obj, CHAIN_LABEL)
    registers = world.all("ConfigMap", place[1], chain, "register")
    ids = {(r.get("data") or {}).get("node_id"): r["metadata"]["name"] for r in registers}
    brought = _brought_keys(world.now.get((OWNER_KIND, place[1], chain), {}))
    for founder in json.loads(obj["data"]["founders.json"]):
        name = ids.get(founder["nodeId"])
        name = brought.get((founder["member"], founder["node"]), name) if name else None
        if name is None or ("Secret", place[1], name) not in world.now:
            yield f"S2: {founder['member']}/{founder['node']} has no key of that id"


def _brought_keys(chain: Object) -> dict[tuple[str, str], str]:
    """Member and node → the Secret that the resource names for the node's key."""
    return {
        (member["name"], f"{group['name']}-0"): group["identity"]["secretName"]
        for member in (chain.get("spec") or {}).get("members", [])
        for group in member["nodes"]
        if "identity" in group
    }


def _is_doomed(obj: Object, place: Place, world: _World) -> bool:
    """Whether its resource was deleted between the operator's last look and its write: then the
    garbage collector is at work, and takes this too."""
    owner = world.now.get((OWNER_KIND, place[1], _label(obj, CHAIN_LABEL)))
    uids = [one["uid"] for one in obj["metadata"].get("ownerReferences") or []]
    return bool(uids) and (owner is None or owner["metadata"].get("uid", uids[0]) not in uids)


def _order(obj: Object, place: Place, world: _World) -> Iterator[str]:
    chain = _label(obj, CHAIN_LABEL)
    genesis = world.all("ConfigMap", place[1], chain, "genesis")
    if not genesis:
        yield "S5: a pod before the genesis"
        return
    for founder in json.loads(genesis[0]["data"]["founders.json"]):
        # One that was there may be gone again: the garbage collector takes its time with those of
        # a resource that was deleted and written anew.
        if (place[1], chain, founder["member"]) not in world.services:
            yield f"S5: a pod before the Service of {founder['member']}"
    for volume in obj["spec"]["template"]["spec"]["volumes"]:
        for needed in _named(volume, place[1]):
            # Files that somebody took away may be missed a moment later than the StatefulSet that
            # was taken with them: each kind has a watch of its own.
            if needed not in world.now and needed not in world.taken:
                yield f"S5: a pod before {'/'.join(needed)}"


def _named(volume: Object, namespace: str) -> Iterator[Place]:
    if "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"]["claimName"]
        yield "PersistentVolumeClaim", namespace, claim
    for source in (volume.get("projected") or {}).get("sources") or [volume]:
        if "secret" in source:
            secret = source["secret"]
            yield "Secret", namespace, secret.get("secretName") or secret["name"]
        if "configMap" in source:
            yield "ConfigMap", namespace, source["configMap"]["name"]


def _confinement(change: Change, before: Object | None, world: _World) -> Iterator[str]:
    obj = change.object
    if obj["kind"] == OWNER_KIND:
        if before is not None and _changed_spec(before, obj):
            yield "S7: the operator changed a spec"
        return
    if obj["kind"] == "Pod":
        return
    if obj["kind"] == "Event":
        if obj["involvedObject"]["kind"] != OWNER_KIND:
            yield "S7: an Event about what is not a chain"
        return
    chain = _label(obj, CHAIN_LABEL)
    if (OWNER_KIND, obj["metadata"]["namespace"], chain) not in world.chains:
        yield "S7: an object of no chain of this namespace"
    if before is not None and not (
        _label(before, CHAIN_LABEL) == chain or before["metadata"].get("ownerReferences")
    ):
        yield "S7: somebody else's object was taken"


def _has_ended(pod: Object, world: _World) -> bool:
    """Whether the certificate that the process has read had ended when it was told to go: then it
    can connect to nobody, whatever its probe says."""
    grace = timedelta(seconds=pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    told = datetime.fromisoformat(pod["metadata"]["deletionTimestamp"]) - grace
    mounted = (
        source.get("configMap", {}).get("name")
        for volume in pod.get("spec", {}).get("volumes", ())
        for source in volume.get("projected", {}).get("sources", ())
    )
    return any(
        x509.load_pem_x509_certificates(found["data"]["ssl.crt"].encode())[0].not_valid_after_utc
        <= told
        for name in mounted
        if (found := world.now.get(("ConfigMap", pod["metadata"]["namespace"], name or "")))
        and "ssl.crt" in found["data"]
    )


def _changed_spec(before: Object, obj: Object) -> bool:
    """A CRD whose defaults change makes the same object read otherwise, of the same generation."""
    generations = [one["metadata"].get("generation") for one in (before, obj)]
    is_same_generation = None not in generations and generations[0] == generations[1]
    return before.get("spec") != obj.get("spec") and not is_same_generation


def _eviction(pod: Object, before: Object, world: _World) -> Iterator[str]:
    """Whether others hold the quorum at the moment in which a pod that serves is told to go."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    evicted = any(one.get("reason") == "EvictionByEvictionAPI" for one in conditions)
    if not evicted or not _serves(before, world) or "deletionTimestamp" not in pod["metadata"]:
        return
    namespace, chain = pod["metadata"]["namespace"], _label(pod, CHAIN_LABEL)
    genesis = world.all("ConfigMap", namespace, chain, "genesis")
    owner = world.now.get((OWNER_KIND, namespace, chain))
    if not genesis or owner is None or _ACCEPTED & {*(owner["metadata"].get("annotations") or {})}:
        return
    if _has_ended(pod, world) or _hibernates(owner):
        return
    weights = {
        f"{chain}-{one['member']}-{one['node']}": one["weight"]
        for one in json.loads(genesis[0]["data"]["founders.json"])
    }
    serving = {
        _label(obj, "consortium.dev/node")
        for (kind, where, _), obj in world.now.items()
        if (kind, where) == ("Pod", namespace) and _label(obj, CHAIN_LABEL) == chain
        if _serves(obj, world)
    }
    total = sum(weights.values())
    quorum = total - (total - 1) // 3
    left = sum(weight for node, weight in weights.items() if node in serving)
    lost = weights.get(_label(pod, "consortium.dev/node"), 0)
    if left + lost >= quorum > left:
        yield f"S9: {left} of {total} are left, the quorum is {quorum}"


def _serves(pod: Object, world: _World) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"] and not _is_alone(pod, world)


def _is_alone(pod: Object, world: _World) -> bool:
    """Whether its node was started again before the chain had a block: with another genesis hash
    than the others it is lost to them, however ready it is."""
    owner = world.now.get((OWNER_KIND, pod["metadata"]["namespace"], _label(pod, CHAIN_LABEL)))
    containers = (pod.get("status") or {}).get("containerStatuses") or []
    restarted = any(one.get("restartCount") for one in containers)
    return restarted and not ((owner or {}).get("status") or {}).get("height")


def _remember(change: Change, place: Place, world: _World) -> None:
    obj = change.object
    if change.type == "DELETED":
        if place[0] == "ConfigMap" and change.actor != "operator":
            world.taken.add(place)
        return
    if place[0] == OWNER_KIND:
        world.chains.add(place)
    elif place[0] == "Service" and _label(obj, PART_LABEL) == "node":
        member = _label(obj, "consortium.dev/member")
        world.services.add((place[1], _label(obj, CHAIN_LABEL), member))
    elif place[0] == "Secret":
        world.secrets.setdefault(place, set()).add(_digest(obj.get("data")))
        world.pems |= set(_private_material(obj))
    elif _label(obj, PART_LABEL) == "register":
        # The TLS key of a node shares the register of its node key.
        name = place[2].removesuffix("-identity")
        world.registered |= {
            ("Secret", place[1], place[2]),
            ("Secret", place[1], f"{name}-tls-1"),
        }
    elif _label(obj, PART_LABEL) == "genesis" and change.actor == "operator":
        key = (place[1], _label(obj, CHAIN_LABEL))
        world.genesis.setdefault(key, set()).add(_digest(obj.get("data")))


def _private_material(secret: Object) -> Iterator[str]:
    """The middle line of every PEM private key, as it would look if it strayed.

    A PKCS#8 file begins alike for every key of a kind, and ends (EC) or goes on (RSA) with what is
    in the certificate too; in its middle is the secret number.
    """
    for value in (secret.get("data") or {}).values():
        text = base64.b64decode(value).decode(errors="replace")
        for block in re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)-----END", text, re.S):
            lines = block.split()
            yield lines[len(lines) // 2]


def _leaks(world: _World) -> Iterator[str]:
    for place, obj in world.now.items():
        if place[0] == "Secret":
            continue
        text = json.dumps(obj)
        if "PRIVATE KEY-----" in text or any(line in text for line in world.pems):
            yield f"S8: a private key in {'/'.join(place)}"


def _place(obj: Object) -> Place:
    return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _label(obj: Object, name: str) -> str:
    return str((obj["metadata"].get("labels") or {}).get(name, ""))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
