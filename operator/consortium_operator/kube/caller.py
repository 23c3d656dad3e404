"""The cluster as a person means it: by the kubeconfig that kubectl would read, one of its contexts,
and a namespace. The operator itself never comes here: it knows its cluster from its pod."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from kubernetes.aio.config import ConfigException, list_kube_config_contexts

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


def find_target(environment: Mapping[str, str], context: str, namespace: str) -> Target:
    """What kubectl would take with the same options; "" is an option that was not given. Raises
    NoTarget."""
    kubeconfig = Path(environment.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not any(Path(one).is_file() for one in str(kubeconfig).split(os.pathsep)):
        lacks = "is a directory" if kubeconfig.is_dir() else "no such file"
        raise NoTarget(f"{kubeconfig}: {lacks}; set KUBECONFIG to a kubeconfig")
    with understood(kubeconfig):
        known, current = list_kube_config_contexts(str(kubeconfig))  # type: ignore[no-untyped-call]  # library
        by_name = {one["name"]: one["context"] for one in known}
        chosen = context or current["name"]
    if chosen not in by_name:
        names = ", ".join(sorted(by_name))
        raise NoTarget(f"{kubeconfig} has no context {chosen}; it has: {names}")
    there = by_name[chosen].get("namespace") or DEFAULT_NAMESPACE
    return Target(kubeconfig, chosen, namespace or there)
