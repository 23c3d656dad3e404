"""`consortium render`: what the operator would apply, without a cluster."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from consortium_operator.chain.installation import OPERATOR_NAMESPACE, read_catalogue
from consortium_operator.chain.plan import Settings
from consortium_operator.chain.standalone import Host, NoPlace, parse_host
from consortium_operator.cli import validate as validation
from consortium_operator.cli.printing import (
    INVALID,
    USAGE,
    Format,
    columns,
    fail,
    note,
    show,
)
from consortium_operator.engines.registry import ENGINES
from consortium_operator.offline.keeping import Unusable
from consortium_operator.offline.output import OutputRefused
from consortium_operator.offline.rendering import CannotRender, Surroundings
from consortium_operator.offline.run import Order, Rendered, Standalone, carry_out
from consortium_operator.reconcile.outside import random_serial, utc_now

P2P_PORT, RPC_PORT = 30300, 20200


app = typer.Typer(add_completion=False, rich_markup_mode=None)

_Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="Where it is written; made if absent.")
]
_Identities = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Keys, certificates and the founding are read from here, and what is made is added. "
        "Default: those of an earlier render in the output directory.",
    ),
]
_Hosts = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST[:COUNT]",
        help="Also write directories in build_chain.sh's layout, for COUNT nodes on HOST. Once for "
        "each host; without COUNT it takes (its share of) all that are left.",
    ),
]
_P2pPort = Annotated[
    int | None, typer.Option(help=f"P2P port of a host's first node. Default: {P2P_PORT}.")
]
_RpcPort = Annotated[
    int | None, typer.Option(help=f"RPC port of a host's first node. Default: {RPC_PORT}.")
]
_Catalogue = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The chart's value imageCatalogue as a YAML file: version → image.",
    ),
]
_OperatorNamespace = Annotated[str, typer.Option(metavar="NAME", help="The operator's namespace.")]
_Summary = Annotated[Format, typer.Option("--format", help="How to print what was written.")]


@app.command()
def render(
    file: validation.FileOption,
    output: _Output,
    identities: _Identities = None,
    standalone: _Hosts = None,
    p2p_port: _P2pPort = None,
    rpc_port: _RpcPort = None,
    image_catalogue: _Catalogue = None,
    operator_namespace: _OperatorNamespace = OPERATOR_NAMESPACE,
    summary: _Summary = Format.TABLE,
) -> None:
    """Write what the operator would apply.

    DIR/manifests holds every object but the Secrets, DIR/secrets the Secrets: private keys of every
    member. On an error nothing is written. Exits with 0, with 1 where the chain cannot be rendered,
    and with 2 where the command line is wrong.
    """
    settings = Settings(operator_namespace, _catalogue(image_catalogue))
    where = _standalone(standalone or [], p2p_port, rpc_port)
    known = settings.image_catalogue if image_catalogue is not None else None
    chain = validation.one_chain(validation.one_file(file), known)
    order = Order(chain, settings, output, identities, where)
    try:
        done = carry_out(order, Surroundings(ENGINES, utc_now, random_serial))
    except NoPlace as error:
        fail(USAGE, *(f"--standalone: {reason}" for reason in error.reasons))
    except (CannotRender, Unusable) as error:
        fail(INVALID, *error.reasons)
    except OutputRefused as error:
        fail(INVALID, str(error))
    except OSError as error:
        fail(INVALID, f"{error.filename or output}: {error.strerror}: nothing was rendered")
    _tell(done, output, summary)


def _catalogue(path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    try:
        return read_catalogue(path.read_text("utf-8"))
    except OSError as error:
        fail(USAGE, f"--image-catalogue: {path}: {(error.strerror or 'cannot be read').lower()}")
    except UnicodeDecodeError:
        fail(USAGE, f"--image-catalogue: {path}: not UTF-8: save it as UTF-8")
    except ValueError as error:
        fail(USAGE, f"--image-catalogue: {path}: {error}")


def _standalone(texts: list[str], p2p: int | None, rpc: int | None) -> Standalone | None:
    if not texts:
        if p2p is not None or rpc is not None:
            fail(USAGE, "--p2p-port and --rpc-port need --standalone: in a pod the ports are fixed")
        return None
    hosts: list[Host] = []
    reasons: list[str] = []
    for text in texts:
        try:
            hosts.append(parse_host(text))
        except NoPlace as error:
            reasons += error.reasons
    if reasons:
        fail(USAGE, *(f"--standalone: {reason}" for reason in reasons))
    return Standalone(
        tuple(hosts),
        P2P_PORT if p2p is None else p2p,
        RPC_PORT if rpc is None else rpc,
    )


def _tell(done: Rendered, output: Path, summary: Format) -> None:
    show(summary, done.summary(), _lines(done, output))
    if summary is Format.TABLE:  # the data has them too
        for caution in done.cautions:
            note(caution)


def _lines(done: Rendered, output: Path) -> list[str]:
    facts = done.summary()
    quorum = facts["quorum"]
    counts = ", ".join(f"{name}/ {count}" for name, count in facts["files"].items())
    made = len(facts["made"])
    return [
        f"{facts['chain']} is in {output}, files: {counts}"
        + ("" if done.changed else " (nothing has changed)"),
        f"keys made: {made}" if made else "keys made: none, all were there",
        f"genesis sha256: {facts['genesis']['sha256']}",
        f"quorum: {quorum['required']} of {quorum['totalWeight']} for a block, "
        f"{quorum['mayFail']} may fail",
        "",
        *_table(facts["nodes"]),
        "",
        *_next(done, output),
    ]


def _table(nodes: list[dict[str, str]]) -> list[str]:
    titles = {
        "node": "Node",
        "nodeId": "Node id",
        "certificateExpires": "Certificate until",
        "directory": "Directory",
        "p2p": "P2P",
        "rpc": "RPC",
        "web3": "Web3 RPC",
    }
    shown = [key for key in titles if key in nodes[0]]
    rows = (
        [f"{one[key][:12]}…" if key == "nodeId" else one[key] for key in shown] for one in nodes
    )
    return columns([titles[key] for key in shown], rows)


def _next(done: Rendered, output: Path) -> list[str]:
    keys = f"{output}/secrets holds private keys of every member: keep it as such."
    if not done.places:
        return [keys]
    first = next(iter(done.places.values()))
    return [
        keys,
        "Start each node in its own directory, copied to its host with its modes:",
        f"  cd {output}/nodes/{first.directory} && fisco-bcos -c config.ini -g config.genesis",
        "Send one transaction before any node is restarted: until the first block a restart makes "
        "another chain of it.",
    ]
