"""Runs `consortium` as a user does, and never lets a traceback pass."""

import json
from dataclasses import dataclass
from typing import Any

import yaml
from typer.testing import CliRunner

from consortium_operator.cli.main import app


@dataclass(frozen=True)
class Done:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def yaml(self) -> Any:
        return yaml.safe_load(self.stdout)


def consortium(*words: object, stdin: str | bytes | None = None) -> Done:
    """Exit code and both outputs. A bug is raised as it is."""
    found = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert "Traceback" not in found.output
    return Done(found.exit_code, found.stdout, found.stderr)
