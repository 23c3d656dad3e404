"""How the containerd of an embedded node is asked about its images."""

from consortium_sandbox import shell
from consortium_sandbox.embedded.layout import NodeLayout
from consortium_sandbox.go_tools import binary
from consortium_sandbox.node_images import NAMESPACE, Containerd


def containerd_of(node: NodeLayout) -> Containerd:
    """ctr in the node's mount namespace: it unpacks layers by itself, as containerd would."""
    words = (
        *("nsenter", f"--mount={node.mount_namespace}", "--"),
        *(str(binary("ctr")), "--address", str(node.socket), "--namespace", NAMESPACE),
    )
    return Containerd(words, shell.system_environment())


def answers(node: NodeLayout) -> bool:
    """Whether the node's containerd answers."""
    return node.socket.exists() and shell.succeeds([*containerd_of(node).ctr, "version"])
