"""The processes of one node and their configuration files: what is run, with which settings. Pure.

Every setting that differs from its default is there because the default did not work on a machine
with cgroup version 1 or without CAP_SYS_RESOURCE, or would reach outside the sandbox.
"""

import json
import shutil

import yaml

from consortium_sandbox import shell
from consortium_sandbox.debian import CNI_PLUGINS
from consortium_sandbox.embedded.layout import Layout, NodeLayout
from consortium_sandbox.embedded.processes import ProcessSpec
from consortium_sandbox.embedded.topology import DNS_SERVICE, POD_NETWORK, Node, Topology
from consortium_sandbox.go_tools import binary

PAUSE_IMAGE = "sandbox.local/pause:1"


def containerd(layout: Layout, node: Node) -> ProcessSpec:
    """The container runtime. Its PATH must hold the shim."""
    files = layout.node(node)
    config = layout.configs / f"{node.name}-containerd.toml"
    network = files.cni_config / "10-pods.conflist"
    return ProcessSpec(
        key=f"containerd@{node.name}",
        argv=(str(binary("containerd")), "--config", str(config)),
        log=layout.logs / f"{node.name}-containerd.log",
        network=node.namespace,
        mounts=files.mount_namespace,
        environment={"PATH": f"{binary('containerd').parent}:{shell.SYSTEM_PATH}"},
        files={config: _containerd_config(files), network: _pod_network(node, files)},
    )


def kubelet(layout: Layout, node: Node) -> ProcessSpec:
    """The node agent, registered with its zone and region."""
    files = layout.node(node)
    config = layout.configs / f"{node.name}-kubelet.yaml"
    resolver = layout.configs / f"{node.name}-resolv.conf"
    argv = (
        str(binary("kubelet")),
        f"--config={config}",
        f"--kubeconfig={layout.pki}/{node.name}.kubeconfig",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        f"--root-dir={files.kubelet}",
        f"--cert-dir={files.kubelet}/pki",
        "--node-labels=" + ",".join(f"{key}={value}" for key, value in node.zone_labels.items()),
    )
    return ProcessSpec(
        key=f"kubelet@{node.name}",
        argv=argv,
        log=layout.logs / f"{node.name}-kubelet.log",
        network=node.namespace,
        mounts=files.mount_namespace,
        files={
            config: _kubelet_config(layout, node, str(resolver)),
            # Not the machine's: its name servers are outside.
            resolver: f"nameserver {DNS_SERVICE}\n",
        },
    )


def kube_proxy(layout: Layout, topology: Topology, node: Node) -> ProcessSpec:
    """Service addresses, by nftables in the node's own network namespace."""
    config = layout.configs / f"{node.name}-kube-proxy.yaml"
    settings = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": f"{layout.pki}/kube-proxy.kubeconfig"},
        "clusterCIDR": POD_NETWORK,
        "hostnameOverride": node.name,
        # The table of tracked connections is the whole machine's: leave its size alone.
        "conntrack": {"maxPerCore": 0},
    }
    return ProcessSpec(
        key=f"kube-proxy@{node.name}",
        argv=(str(binary("kube-proxy")), f"--config={config}"),
        log=layout.logs / f"{node.name}-kube-proxy.log",
        network=node.namespace,
        mounts=layout.node(node).mount_namespace,
        files={config: yaml.safe_dump(settings, sort_keys=False)},
    )


def _kubelet_config(layout: Layout, node: Node, resolver: str) -> str:
    files = layout.node(node)
    settings = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{layout.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{layout.pki}/{node.name}.crt",
        "tlsPrivateKeyFile": f"{layout.pki}/{node.name}.key",
        "containerRuntimeEndpoint": f"unix://{files.socket}",
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "resolvConf": resolver,
        "maxPods": 250,
        "cgroupRoot": node.cgroup,
        "cgroupDriver": "cgroupfs",
        # Refused by default since Kubernetes 1.35; machines with version 1 are still about.
        "failCgroupV1": False,
        # A node is not a machine: its limits and the machine's swap are not its own.
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        # Tolerates that oom_score_adj and some sysctls cannot be set without CAP_SYS_RESOURCE.
        "featureGates": {"KubeletInUserNamespace": True},
        # All nodes share the machine's disk: a full disk would empty every node at once.
        "evictionHard": {
            "nodefs.available": "0%",
            "imagefs.available": "0%",
            "memory.available": "100Mi",
        },
        # Images come from archives; one that is removed could not be pulled again.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "syncFrequency": "10s",
    }
    return yaml.safe_dump(settings, sort_keys=False)


def _containerd_config(files: NodeLayout) -> str:
    """Everything in the node's own directory; the pause image is ours, nothing is pulled."""
    runc = shutil.which("runc", path=shell.SYSTEM_PATH)
    return f"""\
version = 3
root = "{files.containerd_root}"
state = "{files.containerd_state}"
oom_score = 0
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "{files.socket}"
[ttrpc]
  address = "{files.socket}.ttrpc"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "{PAUSE_IMAGE}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["{CNI_PLUGINS}"]
    conf_dir = "{files.cni_config}"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = "{runc}"
      SystemdCgroup = false
"""


def _pod_network(node: Node, files: NodeLayout) -> str:
    """Point-to-point links, routed by the node.

    On a bridge, a Service whose pod is on the client's own node works only where the machine has
    loaded br_netfilter: the answer would cross the bridge without passing the address translation.
    """
    plugins = [
        {
            "type": "ptp",
            "ipMasq": False,
            "ipam": {
                "type": "host-local",
                "dataDir": str(files.addresses),
                "ranges": [[{"subnet": node.pod_network}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": plugins}, indent=1)
