"""Whether names resolve, and whether anybody holds the network policies."""

from collections.abc import Iterator

from consortium_operator.cli.doctor.facts import Facts
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.kinds import JsonObject

_DNS, _POLICIES = Check("dns"), Check("policies")

# DaemonSets by which network plugins are known, and whether they hold policies.
_ENFORCERS = {
    "calico-node": "Calico",
    "canal": "Canal",
    "cilium": "Cilium",
    "anetd": "GKE Dataplane V2",
    "antrea-agent": "Antrea",
    "kube-router": "kube-router",
    "weave-net": "Weave Net",
    "ovnkube-node": "OVN-Kubernetes",
    "kube-ovn-cni": "Kube-OVN",
    "azure-npm": "Azure Network Policy Manager",
    "kube-network-policies": "kube-network-policies",
}
_PERHAPS = {
    "aws-node": "the Amazon VPC CNI, which holds them only where its network policy agent is on",
    "kindnet": "kindnet, which holds them since kind 0.24",
}
_NEVER = {"kube-flannel-ds": "Flannel", "kube-flannel": "Flannel"}
_FIX = (
    "use a network plugin that holds them, such as Cilium or Calico; until then any pod of the "
    "cluster reaches the nodes, and what keeps it out is mutual TLS alone"
)


def judge(facts: Facts) -> Iterator[Finding]:
    yield _judge_dns(facts)
    yield _judge_policies(facts)


def _judge_dns(facts: Facts) -> Finding:
    subject, slices = "cluster DNS", facts.cluster.dns
    if isinstance(slices, Hidden):
        return _DNS.unknown(subject, slices.why)
    if not slices:
        return _DNS.unknown(
            subject,
            "there is no Service kube-dns in kube-system: where DNS is elsewhere, it was not found",
        )
    ready = sum(len(end["addresses"]) for one in slices for end in _ready(one))
    if ready:
        return _DNS.ok(subject, f"{ready} endpoints are ready")
    return _DNS.error(
        subject,
        "no endpoint of kube-dns is ready: a node whose peers' names do not resolve does not start",
        "kubectl get pods --namespace kube-system --selector k8s-app=kube-dns",
    )


def _ready(one: JsonObject) -> list[JsonObject]:
    # A condition that is not there means ready, as for kube-proxy.
    ends = one.get("endpoints") or ()
    return [end for end in ends if (end.get("conditions") or {}).get("ready") is not False]


def _judge_policies(facts: Facts) -> Finding:
    subject = "network policies"
    sets = facts.cluster.daemon_sets
    if isinstance(sets, Hidden):
        return _POLICIES.unknown(subject, f"whether they are held cannot be known: {sets.why}")
    names = [str(one["metadata"]["name"]) for one in sets]
    if plugin := next((_ENFORCERS[name] for name in names if name in _ENFORCERS), None):
        return _POLICIES.ok(subject, f"held by {plugin}")
    if _is_k3s(facts):
        return _POLICIES.unknown(
            subject, "k3s holds them itself, unless it was started with --disable-network-policy"
        )
    if plugin := next((_PERHAPS[name] for name in names if name in _PERHAPS), None):
        return _POLICIES.unknown(subject, f"the network is {plugin}")
    if plugin := next((_NEVER[name] for name in names if name in _NEVER), None):
        return _POLICIES.warning(subject, f"{plugin} does not hold them", _FIX)
    return _POLICIES.unknown(
        subject,
        "whether they are held cannot be known: no network plugin was recognised, and the API "
        "takes policies that nobody holds",
    )


def _is_k3s(facts: Facts) -> bool:
    hosts = facts.cluster.hosts
    if isinstance(hosts, Hidden):
        return False
    infos = ((one.get("status") or {}).get("nodeInfo") or {} for one in hosts)
    return any("+k3s" in str(info.get("kubeletVersion")) for info in infos)
