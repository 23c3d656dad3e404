"""The cluster as a person means it: by the kubeconfig that kubectl would read, one of its contexts,
and a namespace. The operator itself never comes here: it knows its cluster from its pod."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.kube_config import KubeConfigMerger

DEFAULT_NAMESPACE = "default"


class NoTarget(Exception):
    """The kubeconfig does not say which cluster is meant, or how it is reached."""


@contextmanager
def understood(kubeconfig: Path) -> Iterator[None]:
    """Makes a NoTarget of all that the client library raises over a kubeconfig: its own exception
    for what it looked for, and Python's for what it did not expect, such as a list for a map."""
    try:
        yield
    except (
        ConfigException,
        OSError,
        yaml.YAMLError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ) as error:
        # What Python says of these is about our code, and tells nobody what is wrong with the file.
        is_unexpected = isinstance(error, TypeError | KeyError | AttributeError | UnicodeError)
        words = "" if is_unexpected else " ".join(str(error).split())
        reason = words or "it is not what a kubeconfig should be"
        raise NoTarget(
            f"{kubeconfig}: {reason}; set KUBECONFIG to a kubeconfig that `kubectl config view` "
            "can read, or name a context with --context"
        ) from error


def require_address(kubeconfig: Path, server: str) -> None:
    """Raises NoTarget where no request can go to `server`. kubectl takes one without a scheme, the
    client library does not."""
    if _is_address(server):
        return
    lacks_scheme = "://" not in server and _is_address(f"https://{server}")
    advice = f"write https://{server}" if lacks_scheme else "correct it"
    raise NoTarget(
        f"{kubeconfig}: the cluster's server is {server!r}, no address that begins with https:// "
        f"or http://; {advice}, or name another context with --context"
    )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an IPv6 address that does not end
        return False


@dataclass(frozen=True, slots=True)
class Target:
    """Where a command goes. `kubeconfig` may be a list of files, as KUBECONFIG may."""

    kubeconfig: Path
    context: str
    namespace: str


def require_login(kubeconfig: Path, context: str) -> None:
    """For a login without credentials: raises NoTarget where a program should have given them. The
    library goes on without, and the API server's refusal would be of nobody."""
    user = str(_named(kubeconfig, "contexts").get(context, {}).get("user"))
    program = _named(kubeconfig, "users").get(user, {}).get("exec")
    if program:
        raise NoTarget(
            f"{kubeconfig}: the program {program.get('command')}, by which the user {user} logs in,"
            f" gave no credentials: install it or log in, until `kubectl --context {context} auth "
            "whoami` says who you are"
        )


def _named(kubeconfig: Path, kind: str) -> dict[str, dict[str, Any]]:
    """The contexts or users of all files, by name. Of one name the first file's counts."""
    merged = KubeConfigMerger(str(kubeconfig)).config.value
    return {one.value["name"]: one.value[kind.removesuffix("s")] or {} for one in merged[kind]}


def _current(kubeconfig: Path) -> str:
    """The first file's that names one, as kubectl has it; "" where none does. The library takes the
    last one's, and with it another cluster."""
    files = (Path(one).expanduser() for one in str(kubeconfig).split(os.pathsep) if one)
    contents = (yaml.safe_load(one.read_text("utf-8")) for one in files if one.is_file())
    named = (content.get("current-context") for content in contents)
    return str(next(filter(None, named), ""))


def find_target(environment: Mapping[str, str], context: str, namespace: str) -> Target:
    """What kubectl would take with the same options; "" is an option that was not given. Raises
    NoTarget."""
    kubeconfig = Path(environment.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not any(Path(one).is_file() for one in str(kubeconfig).split(os.pathsep)):
        lacks = "is a directory" if kubeconfig.is_dir() else "no such file"
        raise NoTarget(f"{kubeconfig}: {lacks}; set KUBECONFIG to a kubeconfig")
    with understood(kubeconfig):
        by_name = _named(kubeconfig, "contexts")
        chosen = context or _current(kubeconfig)
    if chosen not in by_name:
        lacks = f"context {chosen}" if chosen else "current context"
        names = ", ".join(sorted(by_name)) or "none"
        raise NoTarget(
            f"{kubeconfig} has no {lacks}; it has: {names}; name one with --context, or set "
            "KUBECONFIG to another kubeconfig"
        )
    there = by_name[chosen].get("namespace") or DEFAULT_NAMESPACE
    return Target(kubeconfig, chosen, namespace or there)
