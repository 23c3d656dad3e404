"""`consortium`: the command line. One line for each command or group; each is a module here.

`sandbox` and what builds on it are there only where the package `consortium_sandbox` is: the
operator's image does not carry it.
"""

import io
import signal
import sys
import traceback
from importlib import import_module
from importlib.metadata import version as version_of
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import typer
import typer.main
from typer.core import TyperGroup

from consortium_operator.cli.printing import DEFECT, INVALID, USAGE, fail, shown
from consortium_operator.kube.nesting import read_deep_objects

PACKAGE = "consortium-operator"

# Name, the package it takes, the module that holds its `app`.
_COMMANDS = (
    ("certificates", "consortium_operator", "consortium_operator.cli.certificates"),
    ("client-bundle", "consortium_operator", "consortium_operator.cli.client_bundle"),
    ("demo", "consortium_sandbox", "consortium_operator.cli.demo"),
    ("destroy", "consortium_operator", "consortium_operator.cli.destroy"),
    ("diff", "consortium_operator", "consortium_operator.cli.diff.command"),
    ("doctor", "consortium_operator", "consortium_operator.cli.doctor.command"),
    ("fence", "consortium_operator", "consortium_operator.cli.fence"),
    ("init", "consortium_operator", "consortium_operator.cli.init"),
    ("inspect", "consortium_operator", "consortium_operator.cli.inspection"),
    ("logs", "consortium_operator", "consortium_operator.cli.logs"),
    ("render", "consortium_operator", "consortium_operator.cli.render"),
    ("report", "consortium_operator", "consortium_operator.cli.report.command"),
    ("restart", "consortium_operator", "consortium_operator.cli.restart"),
    ("sandbox", "consortium_sandbox", "consortium_operator.cli.sandbox"),
    ("status", "consortium_operator", "consortium_operator.cli.status"),
    ("topology", "consortium_operator", "consortium_operator.cli.topology"),
    ("validate", "consortium_operator", "consortium_operator.cli.validate"),
    ("version", "consortium_operator", "consortium_operator.cli.version"),
    ("vote", "consortium_operator", "consortium_operator.cli.vote"),
)


class _OnDemand(dict[str, Any]):
    """Name → command, imported when it is asked for: `sandbox tool kubectl` need not wait for what
    `render` needs. The values are the names of the modules."""

    def __getitem__(self, name: str) -> Any:
        command = typer.main.get_command(import_module(super().__getitem__(name)).app)
        command.name = name
        return command

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


class _Root(TyperGroup):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands = _OnDemand(
            {name: module for name, package, module in _COMMANDS if find_spec(package) is not None}
        )

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first, *_ = (*args, "")
        known = {name for one in self.get_params(ctx) for name in one.opts}
        is_option = first.startswith("-") and first.partition("=")[0] not in known
        if is_option and not ctx.resilient_parsing:  # kubectl takes them anywhere
            fail(USAGE, f"{first}: options stand behind the command, as in `status trade {first}`")
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="consortium",
    cls=_Root,
    help="Run consortium chains on Kubernetes, and a sandbox to try them in.",
    no_args_is_help=True,
    rich_markup_mode=None,  # no boxes: what it says is read in pipelines too
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Keeps a single command from becoming the program itself."""


def main() -> None:
    """The entry point of the program."""
    # As an exit of its own, so that what a command has staged is removed.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    read_deep_objects()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names are in any script; a terminal or a pipe that has no letters for them gets "?".
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="consortium")
    except OSError as error:  # such as a full disk behind standard output
        _end(INVALID, f"{error.filename or 'the output'}: {error.strerror or error}")
    except Exception as error:  # nobody who types is served by a traceback
        _end(DEFECT, in_words(error))


def _end(code: int, message: str) -> NoReturn:
    typer.echo(f"error: {shown(message)}", err=True)
    sys.exit(code)


def in_words(defect: Exception) -> str:
    """Where it is and what it is, without the error's own words: they may quote what was read."""
    frames = traceback.extract_tb(defect.__traceback__)
    ours = [frame for frame in frames if "consortium_" in frame.filename] or frames
    place = f"{Path(ours[-1].filename).name}, line {ours[-1].lineno}"
    return (
        f"{type(defect).__name__} in {place}: a defect of consortium {version_of(PACKAGE)}, or an "
        "answer that no API server gives; report it with the command that was typed"
    )


if __name__ == "__main__":
    main()
