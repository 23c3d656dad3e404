"""What Kubernetes says of a cluster's nodes, and the few objects that the sandbox adds.

By the kubectl in the control plane's container: it is there whatever this machine has, and needs
no address of the cluster.
"""

import json
from dataclasses import dataclass

from consortium_sandbox import fake_nodes
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.kind.config import pinned_class
from consortium_sandbox.kind.engine import inside

# With a single node kind lets users' pods onto it; a cluster of no nodes is to run none.
_NO_PODS = "node-role.kubernetes.io/control-plane=:NoSchedule"


@dataclass(frozen=True)
class KubernetesNodes:
    """Names of nodes: those that are Ready, and those that are fake."""

    ready: frozenset[str] = frozenset()
    fake: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Kubectl:
    """kubectl, as the administrator, in the control plane's container."""

    container: str

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        administrator = "--kubeconfig=/etc/kubernetes/admin.conf"
        return inside(self.container, "kubectl", administrator, *words, stdin=stdin)

    def nodes(self) -> KubernetesNodes:
        """The nodes; none where the API server does not answer."""
        try:
            items = json.loads(self("get", "nodes", "--output=json"))["items"]
        except SandboxError:
            return KubernetesNodes()
        ready = (item["metadata"]["name"] for item in items if _is_ready(item))
        fake = (
            item["metadata"]["name"]
            for item in items
            if fake_nodes.LABEL.items() <= item["metadata"].get("labels", {}).items()
        )
        return KubernetesNodes(frozenset(ready), frozenset(fake))

    def furnish(self) -> None:
        """Makes the cluster what a sandbox is on every back end."""
        self("taint", "nodes", self.container, _NO_PODS, "--overwrite")
        self("apply", "--server-side", "--filename=-", stdin=json.dumps(pinned_class()))


def _is_ready(node: dict[str, dict[str, list[dict[str, str]]]]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
