"""`consortium client-bundle`: what an application of a member connects with, as the Java SDK reads
it. The key comes from the member's Secret, by the rights of whoever calls."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.chain.naming import ChainKey, is_ours, member_labels
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.cli import completion
from consortium_operator.cli.addresses import host_and_port
from consortium_operator.cli.cluster import (
    ChainArgument,
    ContextOption,
    NamespaceOption,
    ask,
    get_chain,
    parsed,
    status_command,
    target_of,
)
from consortium_operator.cli.printing import INVALID, Format, OutputOption, fail, note, show
from consortium_operator.engines.fisco_bcos.identity import CLIENT_KEY
from consortium_operator.engines.fisco_bcos.java_sdk import CONFIG, config_toml
from consortium_operator.kube.caller import Target
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, SERVICE, JsonObject, Kind, ObjectKey
from consortium_operator.manifests.identity import ClientKind

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_PUBLIC = ("ca.crt", ClientKind.SDK.value)

_Directory = Annotated[
    Path,
    typer.Option("--directory", "-d", metavar="DIR", help="Where it is written; made if absent."),
]
_Peers = Annotated[
    list[str] | None,
    typer.Option(
        "--peer",
        metavar="HOST:PORT",
        help="Where the application reaches the member's JSON-RPC. Default: its Service in the "
        "cluster.",
    ),
]


@dataclass(frozen=True, slots=True)
class Bundle:
    """`peers`: HOST:PORT of the member's JSON-RPC."""

    public: dict[str, str]
    private: PrivateFiles
    peers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """`files`: by name, those that were written into `directory`."""

    directory: Path
    files: list[str]


@app.command("client-bundle")
def client_bundle(
    name: ChainArgument,
    member: Annotated[
        str,
        typer.Argument(metavar="MEMBER", help="The member.", autocompletion=completion.members),
    ],
    directory: _Directory,
    peer: _Peers = None,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Write what a member's application connects with.

    ca.crt, sdk.crt, sdk.key and config.toml, as the FISCO BCOS Java SDK reads them. A config.toml
    that is there stays as it is, and a key is never overwritten by another. Exits with 0, 1 where
    something is not there, must not be read or cannot be written, 2 where the command line or the
    kubeconfig is wrong, and 3 where the cluster does not answer.
    """
    for one in peer or ():
        host_and_port("--peer", one)
    target = target_of(context, namespace)
    chain = parsed(get_chain(target, name))
    if member not in (known := [one.name for one in chain.spec.members]):
        fail(INVALID, f"{name} has no member {member}; it has: {', '.join(known)}")
    bundle = _gather(target, chain, member, tuple(peer or ()))
    try:
        written = _write(directory, bundle, chain)
    except OSError as error:
        fail(INVALID, f"{error.filename or directory}: {error.strerror}")
    _tell(chain, bundle, Written(directory, written), output)


def _gather(target: Target, chain: ConsortiumChain, member: str, peers: tuple[str, ...]) -> Bundle:
    names = ChainKey(target.namespace, chain.metadata.name).member(member)
    public = _of_member(target, chain, member, CONFIG_MAP, names.client).get("data") or {}
    secret = _of_member(target, chain, member, SECRET, names.client)
    private = PrivateFiles.from_secret_data(secret.get("data"))
    if CLIENT_KEY not in private or not all(public.get(file) for file in _PUBLIC):
        look = status_command(target.namespace, chain.metadata.name)
        fail(INVALID, f"{names.client} is not complete; see {look}")
    if not peers:
        service = _of_member(target, chain, member, SERVICE, names.rpc_service)
        peers = (_address(service, chain.spec.fisco_bcos.rpc.port),)
    return Bundle({file: public[file] for file in _PUBLIC}, private, peers)


def _of_member(
    target: Target, chain: ConsortiumChain, member: str, kind: Kind, name: str
) -> JsonObject:
    found = ask(target, lambda client: client.get(ObjectKey(kind, target.namespace, name)))
    labels = member_labels(chain.metadata.name, chain.spec.engine.value, member)
    if found is None:
        fail(
            INVALID,
            f"{kind} {name} is not there; what the operator waits for is in "
            + status_command(target.namespace, chain.metadata.name),
        )
    if not is_ours(found["metadata"].get("labels") or {}, labels):
        fail(INVALID, f"{kind} {name} is not of this chain's member: its labels say otherwise")
    return found


def _address(service: JsonObject, port: int) -> str:
    """The Service's address and not its name: it stays, and resolves from any namespace."""
    address = service["spec"]["clusterIP"]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _write(directory: Path, bundle: Bundle, chain: ConsortiumChain) -> list[str]:
    """The names of the files that were written. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = bundle.private[CLIENT_KEY]
    there = directory / CLIENT_KEY
    if there.exists() and there.read_bytes() != key:
        fail(INVALID, f"{there} is another key: name another directory")
    _put(there, key, 0o600)
    for name, text in bundle.public.items():
        _put(directory / name, text.encode(), 0o644)
    written = [*bundle.public, CLIENT_KEY]
    if not (directory / CONFIG).exists():
        text = config_toml(chain.spec.fisco_bcos, str(directory), bundle.peers)
        _put(directory / CONFIG, text.encode(), 0o644)
        written.append(CONFIG)
    return written


def _put(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and at no moment with wider rights than `mode`."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _tell(chain: ConsortiumChain, bundle: Bundle, done: Written, output: Format) -> None:
    directory, written = done.directory, done.files
    show(
        output,
        {"directory": str(directory), "files": written, "peers": list(bundle.peers)},
        [
            f"{directory}: {', '.join(written)}",
            f"{CLIENT_KEY} opens the member's nodes: keep it as such.",
        ],
    )
    if CONFIG not in written:
        note(f"{directory / CONFIG} was there and stays as it is")
    policy = chain.spec.network_policy
    if policy.enabled and not policy.clients:
        note("no application may reach the nodes yet: name its pods in spec.networkPolicy.clients")
