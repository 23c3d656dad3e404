"""The operator's process: `consortium-operator`."""

import argparse
import asyncio
import os
import signal
import socket
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from consortium_operator.chain.installation import OPERATOR_NAMESPACE, read_catalogue
from consortium_operator.chain.plan import Settings
from consortium_operator.handlers import logs
from consortium_operator.handlers.deadline import end_in
from consortium_operator.handlers.kopf_handlers import follow_chains
from consortium_operator.handlers.operator import Operator, Options
from consortium_operator.kube.election import TERMS
from consortium_operator.kube.kinds import LEASE, ObjectKey
from consortium_operator.kube.lease import Candidate
from consortium_operator.kube.nesting import read_deep_objects
from consortium_operator.reconcile.outside import utc_now


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs until SIGTERM or SIGINT, or until its Lease is lost."""
    options, level = _options(arguments)
    logs.configure(level)
    read_deep_objects()
    asyncio.run(_run_until_told(Operator(options, follow_chains)))


async def _run_until_told(operator: Operator) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    tasks = [asyncio.create_task(operator.run()), asyncio.create_task(told.wait())]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()  # an operator that cannot go on says why


def _options(arguments: Sequence[str] | None) -> tuple[Options, str]:
    parser = _parser()
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
        tuple(dict.fromkeys(parsed.namespace)) or (None,),
        _candidate(settings.operator_namespace, parsed.lease),
    )
    return options, parsed.log_level


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="consortium-operator", description="Runs the operator for consortium chains."
    )
    parser.add_argument(
        "--image-catalogue",
        type=Path,
        help="YAML file: version → repository@digest or repository:tag",
    )
    parser.add_argument(
        "--namespace",
        action="append",
        default=[],
        help="watch this namespace only, by rights in it alone; may be repeated",
    )
    parser.add_argument(
        "--lease",
        metavar="NAME",
        help="where several processes run: the Lease, in the operator's own namespace, that only "
        "one of them holds. The others wait for it",
    )
    parser.add_argument("--listen", default=":8080", help="[HOST]:PORT of probes and metrics")
    parser.add_argument(
        "--log-level", default="info", choices=["debug", "info", "warning", "error"]
    )
    return parser


def _candidate(namespace: str, lease: str | None) -> Candidate | None:
    if lease is None:
        return None
    # A container that is started again has the name of its pod still, and is another process.
    me = f"{socket.gethostname()}_{uuid.uuid4()}"
    return Candidate(ObjectKey(LEASE, namespace, lease), me, TERMS, end_in, utc_now)


def _catalogue(parser: argparse.ArgumentParser, path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    try:
        return read_catalogue(path.read_text())
    except (OSError, ValueError) as error:
        parser.error(f"--image-catalogue: {path}: {error}")
