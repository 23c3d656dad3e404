"""`consortium vote`: a governor's vote with a key of their own, through any sealer of the chain."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from consortium_operator.cli.addresses import host_and_port
from consortium_operator.cli.printing import (
    INVALID,
    USAGE,
    Format,
    OutputOption,
    answered,
    fail,
    read_input,
    show,
    shown,
)
from consortium_operator.engines.fisco_bcos.governance.committee import Ballot, in_words
from consortium_operator.engines.fisco_bcos.governance.origin import asked_in_words
from consortium_operator.engines.fisco_bcos.node.governance import Governance
from consortium_operator.engines.fisco_bcos.node.voting import (
    Access,
    Credentials,
    address_of,
    reach,
)
from consortium_operator.engines.fisco_bcos.node.voting import vote as send_vote
from consortium_operator.engines.protocol import ChainCallFailed, InvalidMaterial

app = typer.Typer(add_completion=False, rich_markup_mode=None)

RpcOption = Annotated[
    str, typer.Option("--rpc", metavar="HOST:PORT", help="JSON-RPC of a sealer of the chain.")
]
TlsOption = Annotated[
    Path | None,
    typer.Option(
        "--tls",
        metavar="DIR",
        help="Holds ca.crt, sdk.crt and sdk.key. Without it plain HTTP is spoken, as nodes with "
        "spec.fiscoBcos.rpc.tls: false do.",
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The governor's account.pem. It stays here."),
]


@app.command()
def vote(
    rpc: RpcOption,
    tls: TlsOption = None,
    number: Annotated[
        int | None, typer.Argument(metavar="[PROPOSAL]", min=1, help="The proposal's number.")
    ] = None,
    key: KeyOption = None,
    against: Annotated[bool, typer.Option("--against", help="Vote no.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Show all open proposals.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Vote on a proposal of a chain's committee.

    It is shown first, and what became of it is read back from the chain. Exits with 0 where the
    vote is in the chain, 1 where it is not (refused, not open, taken back at the question, or no
    answer), and 2 where the command line is wrong or a file cannot be read.
    """
    if listed == (number is not None) or (number is not None and key is None):
        fail(USAGE, "give either --list, or the number of a proposal and --key")
    access = _access(rpc, tls)
    account = b"" if key is None else read_input(str(key))
    try:
        through = asyncio.run(reach(access))
        if number is None:
            _show(asyncio.run(through.open_ballots()), output)
            return
        _ask_back(through, account, number, agree=not against, yes=yes)
        refusal, after = asyncio.run(send_vote(through, account, number, agree=not against))
    except InvalidMaterial as error:
        fail(USAGE, f"{key}: {error}")
    except ChainCallFailed as error:
        fail(INVALID, str(error))
    _show([after], output)
    if refusal is not None:
        fail(INVALID, f"proposal {number}: the chain refuses it: {refusal}")


def _access(rpc: str, tls: Path | None) -> Access:
    host, port = host_and_port("--rpc", rpc)
    return Access(host, port, None if tls is None else _credentials(tls))


def _credentials(directory: Path) -> Credentials:
    authorities, certificate, key = (
        read_input(str(directory / name)) for name in ("ca.crt", "sdk.crt", "sdk.key")
    )
    return Credentials(
        key, certificate.decode(errors="replace"), authorities.decode(errors="replace")
    )


def _ask_back(through: Governance, account: bytes, number: int, *, agree: bool, yes: bool) -> None:
    """Ends the command unless the vote can count and is meant."""
    address, ballot = address_of(through, account), asyncio.run(through.ballot(number))
    for line in lines([ballot]):
        typer.echo(line, err=True)
    if not ballot.is_open:
        fail(INVALID, f"proposal {number} is {ballot.state}: nobody votes on it any more")
    if address not in ballot.committee.governors:
        fail(INVALID, f"{address} is no governor of this chain")
    if not yes:
        word = "for" if agree else "against"
        with answered(INVALID, "not voted: the answer was not yes; --yes asks nothing"):
            typer.confirm(f"Vote {word} proposal {number} as {address}?", abort=True, err=True)


def _show(ballots: Sequence[Ballot], output: Format) -> None:
    show(output, [_data(one) for one in ballots], lines(ballots))


def lines(ballots: Sequence[Ballot]) -> Iterator[str]:
    if not ballots:
        yield "no proposal is open"
    for one in ballots:
        proposal, governors = one.proposal, one.committee
        yield shown(f"proposal {proposal.number}: {_what(one)}")
        if one.call is None:
            yield "  details:  not found on the chain; ask the proposer before you vote"
        yield f"  state:    {one.state}"
        yield f"  proposer: {proposal.proposer}"
        yield (
            f"  weight:   {one.weight(proposal.agreed)} for, {one.weight(proposal.against)} "
            f"against, of {sum(governors.governors.values())}"
        )
        yield f"  rates:    {governors.participation} % must vote, {governors.win} % of it agree"
        yield f"  ends:     in {one.blocks_left} blocks"


def _what(one: Ballot) -> str:
    return in_words(one.proposal.kind) if one.call is None else asked_in_words(one.call)


def _data(one: Ballot) -> dict[str, Any]:
    proposal, governors = one.proposal, one.committee
    return {
        "number": proposal.number,
        "what": _what(one),
        "call": one.call and {"function": one.call.function, "arguments": one.call.arguments},
        "state": one.state,
        "proposer": proposal.proposer,
        "for": sorted(proposal.agreed),
        "against": sorted(proposal.against),
        "weights": {
            "for": one.weight(proposal.agreed),
            "against": one.weight(proposal.against),
            "all": sum(governors.governors.values()),
        },
        "rates": {"participation": governors.participation, "win": governors.win},
        "blocksLeft": one.blocks_left,
    }
