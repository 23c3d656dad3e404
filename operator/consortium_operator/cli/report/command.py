"""`consortium report`: an archive for a bug report, without anything private."""

from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

from consortium_operator.chain.installation import OPERATOR_NAMESPACE
from consortium_operator.cli.cluster import (
    ChainArgument,
    ContextOption,
    NamespaceOption,
    OperatorNamespaceOption,
    ask,
    get_chain,
    target_of,
)
from consortium_operator.cli.doctor.reading import Question
from consortium_operator.cli.new_file import write_new
from consortium_operator.cli.printing import (
    INVALID,
    Format,
    OutputOption,
    fail,
    note,
    show,
    working,
)
from consortium_operator.cli.report.archive import pack
from consortium_operator.cli.report.gathering import Gathered, gather
from consortium_operator.cli.report.redaction import redacted
from consortium_operator.reconcile.outside import utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_README = """\
What `consortium report {name}` of version {version} found in the namespace {namespace}.

chain.yaml, status.txt      the resource, and how `consortium status` tells it
doctor.txt, doctor.yaml     what `consortium doctor` found
objects/                    the chain's objects; no Secret was read
events.yaml                 what has happened to them of late
logs/                       what the nodes wrote last, and before their last restart
operator/                   the operator: Deployments, pods, logs, metrics
missing.txt                 what could not be read, and why

[redacted] stands where a private key, a token or a password stood, or may have. Names of members,
nodes and hosts, addresses and ids are there as they are: look before you send it on.
"""


@app.command()
def report(
    name: ChainArgument,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="Made here. Default: NAME-report.tar.gz."
        ),
    ] = None,
    lines: Annotated[
        int, typer.Option("--lines", min=1, max=100_000, help="Of each log, the last ones.")
    ] = 5000,
    operator_namespace: OperatorNamespaceOption = OPERATOR_NAMESPACE,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Write an archive for a bug report: resource, objects, events, logs, metrics, findings.

    No Secret is read, and what looks like a key or a password is taken out. A file that is there is
    never overwritten. Exits with 0, 1 where there is no such chain, it must not be read or the file
    cannot be written, 2 where the command line or the kubeconfig is wrong, and 3 where the cluster
    does not answer.
    """
    path = file or Path(f"{name}-report.tar.gz")
    if path.exists():
        fail(INVALID, f"{path} is there: name another file with --file")
    if not path.parent.is_dir():  # said before all is gathered, which may take minutes
        fail(INVALID, f"{path.parent} is no directory: name a file in one with --file")
    target = target_of(context, namespace)
    chain, version = get_chain(target, name), version_of("consortium-operator")
    question = Question(target.namespace, name, operator_namespace, version, utc_now)
    with working("gathering"):
        found = ask(target, lambda client: gather(client, chain, question, lines))
    about = _README.format(name=name, version=version, namespace=target.namespace)
    _write(path, pack(f"{name}-report", _files(found, about)))
    _tell(path, found, output)


def _tell(path: Path, found: Gathered, output: Format) -> None:
    for one in found.missing:
        note(f"not in it: {one}")
    show(
        output,
        {"file": str(path), "files": sorted(found.files), "missing": found.missing},
        [
            f"{path} is written: {len(found.files)} files, {path.stat().st_size // 1024 + 1} KiB",
            "It holds names, addresses and logs, but no Secret: look before you send it on.",
        ],
    )


def _files(found: Gathered, about: str) -> dict[str, str]:
    missing = "".join(f"{one}\n" for one in found.missing) or "nothing\n"
    files = {"README.txt": about, "missing.txt": missing, **found.files}
    return {path: redacted(text) for path, text in files.items()}


def _write(path: Path, content: bytes) -> None:
    try:
        write_new(path, content, 0o600)
    except FileExistsError:
        fail(INVALID, f"{path} is there: name another file with --file")
    except OSError as error:
        fail(INVALID, f"{path}: {(error.strerror or 'cannot be written').lower()}")
