"""`consortium sandbox`: a real Kubernetes cluster of one's own, by name."""

import os
import signal
import types
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from consortium_operator.cli.printing import Format, OutputOption, data_of, print_data, show
from consortium_sandbox import (
    Sandbox,
    SandboxError,
    SandboxStatus,
    SandboxUnsupportedError,
    tool_path,
)
from consortium_sandbox.progress import for_terminal
from consortium_sandbox.sandbox import DEFAULT_NAME
from consortium_sandbox.shell import local_environment

_INTERRUPTED = 130


class SandboxGroup(TyperGroup):
    """Commands that use a sandbox: what it raises is one message, and an exit code.

    1: it failed. 2: this machine or user cannot run a sandbox. 130: Ctrl-C, or SIGTERM, which
    gets the same chance to clean up.
    """

    def invoke(self, ctx: Any) -> Any:
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            return super().invoke(ctx)
        except SandboxUnsupportedError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from error
        except SandboxError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            typer.echo("interrupted", err=True)
            raise typer.Exit(_INTERRUPTED) from error
        finally:
            signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt


app = typer.Typer(
    cls=SandboxGroup,
    help="A real Kubernetes cluster of one's own.",
    no_args_is_help=True,
    add_completion=False,  # that is the whole program's
    rich_markup_mode=None,
)


Name = Annotated[str, typer.Option("--name", help="The sandbox's name; several run side by side.")]


@app.command()
def up(
    nodes: Annotated[
        int | None,
        typer.Option(help="Kubernetes nodes, 0 to 20. Default: 3, or as many as there are."),
    ] = None,
    fake_nodes: Annotated[
        int | None,
        typer.Option(help="More nodes that are objects only, 0 to 1000, played by kwok."),
    ] = None,
    name: Name = DEFAULT_NAME,
    output: OutputOption = Format.TABLE,
) -> None:
    """Start the sandbox, heal it after a crash, or add nodes to it.

    A new one is made with kind where a Docker engine answers, else of plain processes (Linux,
    root). CONSORTIUM_SANDBOX_BACKEND=kind or =embedded says otherwise.
    """
    sandbox = Sandbox(name)
    sandbox.up(nodes, for_terminal(), fake_nodes=fake_nodes)
    show(
        output,
        {"name": name, "kubeconfig": str(sandbox.kubeconfig)},
        [f"sandbox {name} is up: export KUBECONFIG={sandbox.kubeconfig}"],
    )


@app.command()
def down(name: Name = DEFAULT_NAME, output: OutputOption = Format.TABLE) -> None:
    """Remove the sandbox with everything in it."""
    Sandbox(name).down(for_terminal())
    show(output, {"name": name}, [f"sandbox {name} is gone"])


@app.command()
def status(name: Name = DEFAULT_NAME, output: OutputOption = Format.TABLE) -> None:
    """Show what runs. Exits with 1 unless all of it does."""
    found = Sandbox(name).status()
    if output is Format.TABLE:
        _print_status(found)
    else:
        print_data({**data_of(found), "kubeconfig": _text(found.kubeconfig)}, output)
    if found.state != "Running":
        raise typer.Exit(1)


@app.command()
def kubeconfig(name: Name = DEFAULT_NAME, output: OutputOption = Format.TABLE) -> None:
    """Print the path of the sandbox's kubeconfig."""
    sandbox = Sandbox(name)
    if not sandbox.kubeconfig.exists():
        raise SandboxError(f"sandbox {name} does not run: consortium sandbox up --name {name}")
    path = str(sandbox.kubeconfig)
    show(output, {"name": name, "kubeconfig": path}, [path])


@app.command("load-image")
def load_image(
    archive: Annotated[Path, typer.Argument(metavar="TAR", help="An OCI image archive.")],
    name: Name = DEFAULT_NAME,
    output: OutputOption = Format.TABLE,
) -> None:
    """Put an image on every node and print its reference, repository@digest."""
    progress = for_terminal()
    with progress.step(f"Put {archive.name} on the nodes"):
        reference = Sandbox(name).load_image(archive)
    show(output, {"name": name, "reference": reference}, [reference])


@app.command()
def images(
    directory: Annotated[
        Path, typer.Option("--output", metavar="DIR", help="Where the archives go.")
    ],
    name: Name = DEFAULT_NAME,
    format_: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.TABLE,
) -> None:
    """Build the images of the operator and of the stand-in node as OCI archives."""
    built = Sandbox(name).build_images(directory, for_terminal())
    images = (built.operator, *built.stand_in.values())
    show(
        format_,
        [{"archive": str(one.archive), "reference": one.reference} for one in images],
        (f"{one.archive}\t{one.reference}" for one in images),
    )


@app.command(context_settings={"ignore_unknown_options": True})
def tool(
    program: Annotated[str, typer.Argument(metavar="NAME", help="kubectl, helm, ctr …")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[-- ARGS]")] = None,
    name: Name = DEFAULT_NAME,
) -> None:
    """Run a tool of the sandbox, built first where needed, against the sandbox.

    Never against another cluster: where the sandbox does not run, neither does kubectl.
    """
    path = tool_path(program, for_terminal())
    kubeconfig = Sandbox(name).kubeconfig
    if program == "kubectl" and not kubeconfig.exists():
        # It would ask localhost:8080, and say only that.
        typer.echo(
            f"note: sandbox {name} does not run, so nothing that needs a cluster works: "
            f"consortium sandbox up --name {name}",
            err=True,
        )
    environment = local_environment(KUBECONFIG=str(kubeconfig))
    os.execve(path, [program, *(arguments or [])], environment)


def _print_status(found: SandboxStatus) -> None:
    console = Console(highlight=False)
    fake = f" and {found.fake_nodes} fake ones" if found.fake_nodes else ""
    console.print(
        f"sandbox {found.name} ({found.backend}): {found.state}, {found.nodes} nodes{fake}"
    )
    if found.kubeconfig:
        console.print(f"kubeconfig: {found.kubeconfig}", soft_wrap=True)
    if not found.components:
        console.print(f"consortium sandbox up --name {found.name} starts it", soft_wrap=True)
        return
    table = Table("Component", "Node", "PID", "Healthy", box=None)
    for part in found.components:
        healthy = "yes" if part.healthy else "no"
        table.add_row(part.name, part.node or "-", str(part.pid or "-"), healthy)
    console.print(table)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
