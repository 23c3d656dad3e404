"""The files of examples/, and what their comments tell a reader to do first."""

import copy
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.brought import secret
from tests.resources import REPOSITORY

Body = dict[str, Any]

DIRECTORY = REPOSITORY / "examples"
FILES = sorted(DIRECTORY.glob("*.yaml"))
# The commands of a file's first comment, one a line.
_COMMAND = re.compile(r"^#   (\S.*)$", re.MULTILINE)
_CONTINUED = re.compile(r"\s*\\\n#\s*")


def example(name: str) -> Path:
    return DIRECTORY / f"{name}.yaml"


def objects_of(path: Path) -> list[Body]:
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def chains_of(path: Path) -> list[Body]:
    return [one for one in objects_of(path) if one["kind"] == "ConsortiumChain"]


def named_namespaces(path: Path) -> set[str]:
    """Where its objects go; those that are in none aside."""
    spaces = {one["metadata"].get("namespace") for one in objects_of(path)}
    return {one for one in spaces if one is not None}


def commands_of(path: Path) -> list[str]:
    return _COMMAND.findall(_CONTINUED.sub(" ", path.read_text("utf-8")))


def brought_secrets(chain: Body) -> set[str]:
    """The Secrets that a chain names and the operator does not make."""
    references = [
        one.get(field)
        for member in chain["spec"]["members"]
        for one in (member, *member["nodes"])
        for field in ("certificateAuthority", "clientAuthority", "identity")
    ]
    governors = chain["spec"].get("fiscoBcos", {}).get("governors", ())
    return {one["secretName"] for one in (*references, *governors) if one and "secretName" in one}


def secrets_by_recipe(path: Path, directory: Path) -> list[Body]:
    """Runs what the comment says with OpenSSL, and makes of `kubectl create secret` an object."""
    made = []
    for command in commands_of(path):
        if command.startswith("openssl "):
            subprocess.run(command, shell=True, cwd=directory, check=True, capture_output=True)
        elif command.startswith("kubectl create secret "):
            made.append(_secret(command.split()[3:], directory))
    return made


def _secret(words: list[str], directory: Path) -> Body:
    _, name, *options = words
    given = dict(re.findall(r"--([a-z-]+)[ =](\S+)", " ".join(options)))
    keys = {"tls.key": given.get("key"), "tls.crt": given.get("cert")}
    if "from-file" in given:
        keys = {given["from-file"]: given["from-file"]}
    files = {key: (directory / file).read_bytes() for key, file in keys.items() if file}
    return secret(name, files, given["namespace"])


def without_image(chain: Body) -> Body:
    """For a cluster that has the image by its catalogue and not by the example's name."""
    found = copy.deepcopy(chain)
    found["spec"].pop("image", None)
    return found
