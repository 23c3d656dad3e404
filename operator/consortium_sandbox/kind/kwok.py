"""kwok as a service of the control plane's container: it starts with it and goes away with it."""

from consortium_sandbox import fake_nodes
from consortium_sandbox.go_tools import tool_path
from consortium_sandbox.kind.engine import docker, inside
from consortium_sandbox.progress import Progress

_PROGRAM = f"/usr/local/bin/{fake_nodes.PROGRAM}"
_STAGES = "/etc/fake-nodes.yaml"
_SERVICE = f"/etc/systemd/system/{fake_nodes.PROGRAM}.service"
_KUBECONFIG = "/etc/kubernetes/admin.conf"


def start(container: str, progress: Progress) -> None:
    """Puts kwok into the container and starts it, anew where it ran with other settings."""
    docker("cp", str(tool_path(fake_nodes.PROGRAM, progress)), f"{container}:{_PROGRAM}")
    for path, text in ((_STAGES, fake_nodes.stages()), (_SERVICE, _service())):
        inside(container, "cp", "/dev/stdin", path, stdin=text)
    inside(container, "systemctl", "daemon-reload")
    inside(container, "systemctl", "enable", fake_nodes.PROGRAM)
    inside(container, "systemctl", "restart", fake_nodes.PROGRAM)


def stop(container: str) -> None:
    """Ends it, where it is there."""
    inside(container, "rm", "--force", _STAGES, _PROGRAM)
    inside(container, "systemctl", "disable", "--now", fake_nodes.PROGRAM)


def _service() -> str:
    return f"""\
[Unit]
Description=Fake nodes and their pods

[Service]
ExecStart={" ".join(fake_nodes.command(_PROGRAM, _KUBECONFIG, _STAGES))}
Restart=always

[Install]
WantedBy=multi-user.target
"""
