"""The operator's process: `consortium-operator`."""

import argparse
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import kopf
from kopf._core.engines.peering import Identity

from consortium_operator.chain.installation import OPERATOR_NAMESPACE, read_catalogue
from consortium_operator.chain.plan import Settings
from consortium_operator.handlers import kopf_handlers as handlers
from consortium_operator.handlers import logs
from consortium_operator.handlers.operator import Operator, Options


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs until SIGTERM or SIGINT."""
    options, level = _options(arguments)
    logs.configure(level)
    memo = kopf.Memo(operator=Operator(options))
    # One operator in the cluster: Recreate in the chart. kopf's peering is no lock.
    kopf.run(
        standalone=True,
        clusterwide=True,
        memo=memo,
        registry=handlers.registry,
        # Else kopf asks for the user's name, and the pod's user has none.
        identity=Identity(socket.gethostname()),
    )


def _options(arguments: Sequence[str] | None) -> tuple[Options, str]:
    parser = argparse.ArgumentParser(
        prog="consortium-operator", description="Runs the operator for consortium chains."
    )
    parser.add_argument(
        "--image-catalogue",
        type=Path,
        help="YAML file: version → repository@digest or repository:tag",
    )
    parser.add_argument("--listen", default=":8080", help="[HOST]:PORT of probes and metrics")
    parser.add_argument(
        "--log-level", default="info", choices=["debug", "info", "warning", "error"]
    )
    parsed = parser.parse_args(arguments)
    host, _, port = parsed.listen.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        parser.error(f"--listen: {parsed.listen} has no port between 1 and 65535")
    kubeconfig = os.environ.get("KUBECONFIG")
    settings = Settings(
        operator_namespace=os.environ.get("POD_NAMESPACE", OPERATOR_NAMESPACE),
        image_catalogue=_catalogue(parser, parsed.image_catalogue),
    )
    options = Options(
        settings,
        host.strip("[]") or "0.0.0.0",
        int(port),
        Path(kubeconfig) if kubeconfig else None,
    )
    return options, parsed.log_level


def _catalogue(parser: argparse.ArgumentParser, path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    try:
        return read_catalogue(path.read_text())
    except (OSError, ValueError) as error:
        parser.error(f"--image-catalogue: {path}: {error}")
