"""The operator's process: `consortium-operator`."""

import argparse
import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from consortium_operator.chain.installation import OPERATOR_NAMESPACE, read_catalogue
from consortium_operator.chain.plan import Settings
from consortium_operator.handlers import logs
from consortium_operator.handlers.kopf_handlers import follow_chains
from consortium_operator.handlers.operator import Operator, Options


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs until SIGTERM or SIGINT."""
    options, level = _options(arguments)
    logs.configure(level)
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
