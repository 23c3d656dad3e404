"""The Pod Security Standard "restricted", checked by our own reading of it.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/. It shares nothing
with the builders. That a real API server judges the same is an integration test.
"""

from collections.abc import Iterator, Mapping
from typing import Any

ALLOWED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
ALLOWED_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}


def violations(pod: Mapping[str, Any]) -> list[str]:
    """What the profile refuses of a pod spec, in words. Empty: it is allowed."""
    return [*_pod_level(pod), *(v for c in _containers(pod) for v in _container_level(pod, c))]


def _containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        container
        for field in ("initContainers", "containers", "ephemeralContainers")
        for container in pod.get(field, [])
    ]


def _pod_level(pod: Mapping[str, Any]) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield field
    for volume in pod.get("volumes", []):
        for kind in volume.keys() - {"name"} - ALLOWED_VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
    for sysctl in pod.get("securityContext", {}).get("sysctls", []):
        if sysctl["name"] not in ALLOWED_SYSCTLS:
            yield f"sysctl {sysctl['name']}"


def _container_level(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    name = container["name"]
    own = container.get("securityContext", {})
    # A container's setting takes the place of the pod's.
    effective = pod.get("securityContext", {}) | own
    capabilities = own.get("capabilities", {})
    refused = {
        "is privileged": own.get("privileged", False),
        "may escalate": own.get("allowPrivilegeEscalation") is not False,
        "may run as root": effective.get("runAsNonRoot") is not True,
        "runs as user 0": effective.get("runAsUser") == 0,
        "keeps capabilities": "ALL" not in capabilities.get("drop", []),
        "adds capabilities": set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"},
        "has no seccomp profile": effective.get("seccompProfile", {}).get("type")
        not in ("RuntimeDefault", "Localhost"),
        "changes /proc": own.get("procMount", "Default") != "Default",
        "has host ports": any(port.get("hostPort") for port in container.get("ports", [])),
        "is a Windows host process": effective.get("windowsOptions", {}).get("hostProcess"),
        "sets SELinux user or role": {"user", "role"} & effective.get("seLinuxOptions", {}).keys(),
        "has no AppArmor profile": effective.get("appArmorProfile", {}).get("type") == "Unconfined",
    }
    yield from (f"container {name} {what}" for what, is_so in refused.items() if is_so)
