"""`consortium`: the command line. One line for each command or group; each is a module here.

`sandbox` and what builds on it are there only where the package `consortium_sandbox` is: the
operator's image does not carry it.
"""

from importlib import import_module
from importlib.util import find_spec

import typer

from consortium_operator.cli.inspection import inspect
from consortium_operator.cli.render import render
from consortium_operator.cli.validate import validate

# Group, the package it takes, the module that holds its `app`.
_GROUPS = (
    ("demo", "consortium_sandbox", "consortium_operator.cli.demo"),
    ("sandbox", "consortium_sandbox", "consortium_operator.cli.sandbox"),
)

_COMMANDS = (inspect, render, validate)

app = typer.Typer(
    name="consortium",
    help="Run consortium chains on Kubernetes, and a sandbox to try them in.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Keeps the groups groups: Typer would make a single one the program itself."""


for _command in _COMMANDS:
    app.command()(_command)
for _name, _package, _module in _GROUPS:
    if find_spec(_package) is not None:
        app.add_typer(import_module(_module).app, name=_name)


def main() -> None:
    """The entry point of the program."""
    app(prog_name="consortium")


if __name__ == "__main__":
    main()
