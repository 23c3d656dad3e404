"""The invariants see what they are there for: for every rule a history that breaks it."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from tests.invariants import violations

Body = dict[str, Any]

PEM = base64.b64encode(
    b"-----BEGIN PRIVATE KEY-----\n"
    + b"\n".join([b"A" * 64, b"c2VjcmV0IG51bWJlcg" * 3, b"B" * 20])
    + b"\n-----END PRIVATE KEY-----\n"
).decode()
FOUNDERS = [
    {"member": member, "node": "n-0", "nodeId": f"id-{member}", "weight": 1}
    for member in ("a", "b", "c", "d")
]


@dataclass
class Story:
    """A history that is written sentence by sentence."""

    told: list["Told"] = field(default_factory=list)

    def add(self, obj: Body, actor: str = "operator") -> Body:
        return self._tell("ADDED", obj, actor)

    def change(self, obj: Body, actor: str = "operator", **fields: Any) -> Body:
        return self._tell("MODIFIED", obj | fields, actor)

    def delete(self, obj: Body, actor: str = "operator") -> Body:
        return self._tell("DELETED", obj, actor)

    def broken(self) -> set[str]:
        """The rules that it breaks."""
        return {one.split(": ")[1].strip() for one in violations(self.told)}

    def _tell(self, type_: str, obj: Body, actor: str) -> Body:
        self.told.append(Told(type_, json.loads(json.dumps(obj)), actor))
        return obj


@dataclass(frozen=True)
class Told:
    type: str
    object: Body
    actor: str


def thing(kind: str, name: str, part: str = "", member: str = "", **fields: Any) -> Body:
    labels = {"consortium.dev/chain": "trade", "consortium.dev/part": part}
    if member:
        labels |= {"consortium.dev/member": member, "consortium.dev/node": f"trade-{member}-n-0"}
    return {"kind": kind, "metadata": {"name": name, "namespace": "ns", "labels": labels}, **fields}


def key(member: str, secret: str = PEM, **fields: Any) -> Body:
    name = f"trade-{member}-n-0-identity"
    return thing("Secret", name, "identity", immutable=True, data={"node.pem": secret}, **fields)


def register(member: str) -> Body:
    name = f"trade-{member}-n-0-identity"
    return thing("ConfigMap", name, "register", data={"node_id": f"id-{member}"})


def genesis(text: str = "[chain]") -> Body:
    data = {"config.genesis": text, "founders.json": json.dumps(FOUNDERS)}
    return thing("ConfigMap", "trade-genesis", "genesis", data=data)


def stateful_set(replicas: int = 1) -> Body:
    volumes = [{"name": "key", "secret": {"secretName": "trade-a-n-0-identity"}}]
    spec = {"replicas": replicas, "template": {"spec": {"volumes": volumes}}}
    return thing("StatefulSet", "trade-a-n-0", "node", "a", spec=spec)


def pod(member: str, *, ready: bool = True, evicted: bool = False, restarts: int = 0) -> Body:
    conditions = [{"type": "Ready", "status": str(ready)}]
    if evicted:
        conditions.append({"type": "DisruptionTarget", "reason": "EvictionByEvictionAPI"})
    status = {"conditions": conditions, "containerStatuses": [{"restartCount": restarts}]}
    found = thing("Pod", f"trade-{member}-n-0-0", "node", member, status=status)
    if evicted:
        found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return found


def resource(**fields: Any) -> Body:
    return thing("ConsortiumChain", "trade", spec={"version": "1"}, **fields)


def founded() -> Story:
    story = Story()
    story.add(resource(), "somebody")
    for founder in FOUNDERS:
        member = str(founder["member"])
        story.add(key(member))
        story.add(register(member))
    story.add(genesis())
    for founder in FOUNDERS:
        member = str(founder["member"])
        story.add(thing("Service", f"trade-{member}-n-0", "node", member))
    story.add(stateful_set())
    for founder in FOUNDERS:
        story.add(pod(str(founder["member"])), "somebody")
    return story


def test_a_founding_in_order_breaks_nothing() -> None:
    assert violations(founded().told) == []


def test_s1_a_key_that_is_overwritten_or_could_be() -> None:
    story = founded()
    story.change(key("a", secret=base64.b64encode(b"another").decode()))
    assert "S1" in story.broken()
    story = founded()
    story.add({**key("e"), "immutable": False})
    assert story.broken() == {"S1"}


def test_s2_a_genesis_that_names_a_node_without_a_key() -> None:
    story = Story()
    story.add(resource(), "somebody")
    story.add(genesis())
    assert story.broken() == {"S2"}


def test_s3_a_lost_key_that_is_made_anew() -> None:
    story = founded()
    story.delete(key("a"), "somebody")
    story.add(key("a", secret=base64.b64encode(b"another").decode()))
    assert story.broken() == {"S3"}


def test_a_lost_key_that_is_put_back_breaks_nothing() -> None:
    story = founded()
    story.delete(key("a"), "somebody")
    story.add(key("a"), "somebody")
    assert story.broken() == set()


def test_s4_a_second_genesis() -> None:
    story = founded()
    story.delete(genesis(), "somebody")
    story.add(genesis("[chain] of another kind"))
    assert story.broken() == {"S4"}


def test_s5_a_pod_before_what_it_needs() -> None:
    story = Story()
    story.add(resource(), "somebody")
    story.add(stateful_set())
    assert story.broken() == {"S5"}
    story = founded()
    story.delete(stateful_set())
    story.delete(key("a"), "somebody")
    story.add(stateful_set())
    assert story.broken() == {"S5"}


def test_a_pod_may_come_back_before_the_files_that_were_taken_with_it() -> None:
    files = thing("ConfigMap", "trade-a-n-0-config-1", "config", "a")
    needy = stateful_set()
    volumes = [{"name": "files", "configMap": {"name": "trade-a-n-0-config-1"}}]
    needy["spec"]["template"]["spec"]["volumes"] = volumes
    for actor, broken in (("somebody", set()), ("operator", {"S5"})):
        story = founded()
        story.delete(stateful_set(), "somebody")
        story.add(files)
        story.delete(files, actor)
        story.add(needy)
        assert story.broken() == broken


def test_a_pod_of_a_resource_that_is_gone_is_collected_whatever_it_misses() -> None:
    owned = stateful_set()
    owned["metadata"]["ownerReferences"] = [{"uid": "1"}]
    resource_of_it = resource()
    resource_of_it["metadata"]["uid"] = "1"
    story = Story()
    story.add(resource_of_it, "somebody")
    story.add(owned)
    assert story.broken() == {"S5"}
    story = Story()
    story.add(resource_of_it, "somebody")
    story.delete(resource_of_it, "somebody")
    story.add(owned)
    assert story.broken() == set()


def test_s6_what_cannot_be_replaced_is_deleted_or_would_be() -> None:
    for lost in (key("a"), register("a"), genesis(), thing("PersistentVolumeClaim", "trade-data")):
        story = founded()
        story.delete(lost)
        assert story.broken() == {"S6"}, lost["kind"]
    story = founded()
    owned = key("e")
    owned["metadata"]["ownerReferences"] = [{"uid": "1"}]
    story.add(owned)
    assert story.broken() == {"S6"}


def test_s6_two_pods_of_one_key() -> None:
    story = founded()
    story.change(stateful_set(replicas=2))
    assert story.broken() == {"S6"}


def test_s7_the_same_generation_is_the_same_spec_however_it_reads() -> None:
    """As where the CRD's defaults change."""
    for generation, broken in ((1, set()), (2, {"S7"})):
        story = Story()
        chain = story.add(resource(), actor="somebody")
        chain["metadata"]["generation"] = 1
        story.change(chain, actor="somebody")
        after = {**chain, "metadata": {**chain["metadata"], "generation": generation}}
        story.change(after, spec={"version": "1", "paused": False})
        assert story.broken() == broken


def test_s7_a_spec_or_a_stranger_that_is_written_to() -> None:
    story = founded()
    story.change(resource(), spec={"version": "2"})
    assert story.broken() == {"S7"}
    story = founded()
    stranger = {"kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "ns", "labels": {}}}
    story.add(stranger, "somebody")
    story.change(thing("ConfigMap", "mine"))
    assert story.broken() == {"S7"}


def test_s8_a_private_key_outside_a_secret() -> None:
    story = founded()
    story.add(thing("ConfigMap", "trade-notes", "notes", data={"oops": "c2VjcmV0IG51bWJlcg" * 3}))
    assert story.broken() == {"S8"}


def test_s9_an_eviction_that_takes_the_quorum() -> None:
    story = founded()
    story.change(pod("a", evicted=True), "somebody")
    assert story.broken() == set()
    story.change(pod("b", evicted=True), "somebody")
    assert story.broken() == {"S9"}


def test_a_pod_that_does_not_serve_may_always_be_evicted() -> None:
    story = founded()
    story.change(pod("a", ready=False), "somebody")
    story.change(pod("b", ready=False), "somebody")
    story.change(pod("b", ready=False, evicted=True), "somebody")
    assert story.broken() == set()


def test_a_node_that_restarted_before_the_first_block_serves_nobody_though_it_is_ready() -> None:
    for height, broken in ((0, set()), (1, {"S9"})):
        story = founded()
        story.change(resource(status={"height": height}), "somebody")
        for member in ("a", "b"):
            story.change(pod(member, restarts=1), "somebody")
        for member in ("a", "b"):
            story.change(pod(member, restarts=1, evicted=True), "somebody")
        assert story.broken() == broken


def test_an_eviction_that_a_person_accepted_breaks_nothing() -> None:
    story = founded()
    note = resource()
    note["metadata"]["annotations"] = {"consortium.dev/accept-pause": "trade-b-n-0@1"}
    story.change(note, "somebody")
    story.change(pod("a", evicted=True), "somebody")
    story.change(pod("b", evicted=True), "somebody")
    assert story.broken() == set()
