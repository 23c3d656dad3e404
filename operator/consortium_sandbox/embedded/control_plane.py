"""The processes of the control plane: what is run, with which flags. Pure.

A flag is there for a reason that is written beside it; all others keep their defaults, so that
the cluster admits and refuses what a real one does (Pod Security, CEL policies).
"""

import sys

from consortium_sandbox import fake_nodes
from consortium_sandbox.embedded.layout import Layout
from consortium_sandbox.embedded.processes import ProcessSpec
from consortium_sandbox.embedded.topology import API_PORT, SERVICE_NETWORK, Topology
from consortium_sandbox.go_tools import binary

ETCD = "etcd"
API_SERVER = "kube-apiserver"
# Controllers wait for each other's objects; at the default of 20 requests per second that wait,
# not the operator, is what a test of many pods would measure.
_FAST_CLIENT = ("--kube-api-qps=200", "--kube-api-burst=400")


def specs(layout: Layout, topology: Topology) -> list[ProcessSpec]:
    """Every control-plane process, in the order of their start."""
    found = [
        _etcd(layout, topology),
        _api_server(layout, topology),
        _controller_manager(layout, topology),
        _scheduler(layout, topology),
    ]
    if topology.size:
        found += [_coredns(layout, topology), _provisioner(layout, topology)]
    if topology.fake:
        found.append(_kwok(layout, topology))
    return found


def _etcd(layout: Layout, topology: Topology) -> ProcessSpec:
    argv = (
        "etcd",
        f"--data-dir={layout.etcd}",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        # A sandbox need not survive a power cut, and every write would wait for the disk.
        "--unsafe-no-fsync",
    )
    return ProcessSpec(ETCD, argv, layout.logs / "etcd.log", topology.namespace)


def _api_server(layout: Layout, topology: Topology) -> ProcessSpec:
    pki = layout.pki
    argv = (
        str(binary("kube-apiserver")),
        "--etcd-servers=http://127.0.0.1:2379",
        "--bind-address=0.0.0.0",
        f"--advertise-address={topology.address}",
        f"--secure-port={API_PORT}",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--service-account-key-file={pki}/service-account.pub",
        f"--service-account-signing-key-file={pki}/service-account.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        # What every installer sets: nodes may touch only what belongs to their pods.
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        # Pod Security decides about privileged pods, not this switch.
        "--allow-privileged",
        f"--kubelet-client-certificate={pki}/kubelet-client.crt",
        f"--kubelet-client-key={pki}/kubelet-client.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
    )
    return ProcessSpec(API_SERVER, argv, layout.logs / f"{API_SERVER}.log", topology.namespace)


def _controller_manager(layout: Layout, topology: Topology) -> ProcessSpec:
    pki = layout.pki
    argv = (
        str(binary("kube-controller-manager")),
        *_kubeconfigs(layout, "controller-manager"),
        "--use-service-account-credentials",
        f"--service-account-private-key-file={pki}/service-account.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        *_FAST_CLIENT,
    )
    log = layout.logs / "kube-controller-manager.log"
    return ProcessSpec("kube-controller-manager", argv, log, topology.namespace)


def _scheduler(layout: Layout, topology: Topology) -> ProcessSpec:
    argv = (
        str(binary("kube-scheduler")),
        *_kubeconfigs(layout, "scheduler"),
        *_FAST_CLIENT,
    )
    return ProcessSpec(
        "kube-scheduler", argv, layout.logs / "kube-scheduler.log", topology.namespace
    )


def _kubeconfigs(layout: Layout, identity: str) -> tuple[str, ...]:
    kubeconfig = layout.pki / f"{identity}.kubeconfig"
    return (
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        # One instance: an election would only delay its restart.
        "--leader-elect=false",
    )


def _coredns(layout: Layout, topology: Topology) -> ProcessSpec:
    corefile = layout.configs / "Corefile"
    argv = (str(binary("coredns")), "-conf", str(corefile))
    return ProcessSpec(
        key="coredns",
        argv=argv,
        log=layout.logs / "coredns.log",
        network=topology.namespace,
        files={corefile: _corefile(layout, topology)},
    )


def _corefile(layout: Layout, topology: Topology) -> str:
    """Names of the cluster are answered; all others do not exist, at once.

    There is no way out, so a forwarder would only make every foreign name a timeout.
    """
    return f"""\
cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {{
  bind {topology.address}
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {{
    kubeconfig {layout.pki}/coredns.kubeconfig {topology.sandbox}
    pods insecure
  }}
  cache 5
}}
.:53 {{
  bind {topology.address}
  errors
  template ANY ANY {{
    rcode NXDOMAIN
  }}
}}
"""


def _provisioner(layout: Layout, topology: Topology) -> ProcessSpec:
    argv = (
        *(sys.executable, "-m", "consortium_sandbox.volumes"),
        *("--kubeconfig", str(layout.pki / "provisioner.kubeconfig")),
        *("--directory", str(layout.volumes)),
    )
    return ProcessSpec("provisioner", argv, layout.logs / "provisioner.log", topology.namespace)


def _kwok(layout: Layout, topology: Topology) -> ProcessSpec:
    """Plays the nodes that are objects only, and their pods."""
    stages = layout.configs / "fake-nodes.yaml"
    return ProcessSpec(
        key=fake_nodes.PROGRAM,
        argv=fake_nodes.command(
            str(binary(fake_nodes.PROGRAM)), f"{layout.pki}/kwok.kubeconfig", str(stages)
        ),
        log=layout.logs / "kwok.log",
        network=topology.namespace,
        files={stages: fake_nodes.stages()},
    )
