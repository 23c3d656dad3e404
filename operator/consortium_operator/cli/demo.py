"""`consortium demo`: from nothing to a consortium chain that makes blocks, on a real cluster.

Each step is what users would do on a cluster of their own: install the chart, apply a resource,
wait for Ready.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import typer
import yaml
from rich.console import Console

from consortium_operator.cli.chain_table import (
    conditions_table,
    headline,
    is_ready,
    nodes_table,
)
from consortium_operator.cli.installation import Tools, checkout, install_operator
from consortium_operator.cli.printing import Format, OutputOption, print_data, show
from consortium_operator.cli.sandbox import SandboxGroup
from consortium_sandbox import Sandbox, SandboxError
from consortium_sandbox.paths import cache_root
from consortium_sandbox.progress import Progress, for_terminal

NAME = "demo"
NODES = 3
LIMIT_SECONDS = 300.0
# As whoever ran `make demo` may paste them.
CONSORTIUM = ".venv/bin/consortium"
KUBECTL = f"{CONSORTIUM} sandbox tool kubectl --"

app = typer.Typer(
    cls=SandboxGroup,
    help="A chain of four organisations in a sandbox.",
    no_args_is_help=True,
    add_completion=False,  # that is the whole program's
    rich_markup_mode=None,
)


@app.command()
def up(output: OutputOption = Format.TABLE) -> None:
    """Bring up the sandbox, the operator and the chain of examples/quickstart.yaml."""
    began = time.monotonic()
    progress = for_terminal()
    sandbox = Sandbox(NAME)
    # The images are made by one program after the other: the first time, beside the compilers.
    with ThreadPoolExecutor(max_workers=1) as aside:
        built = aside.submit(sandbox.build_images, cache_root() / "archives")
        sandbox.up(NODES, progress)
        with progress.step("Build the images of the operator and of the stand-in node"):
            images = built.result()
    tools = Tools(sandbox)
    install_operator(tools, images, progress)
    example = checkout() / "examples" / "quickstart.yaml"
    chain = yaml.safe_load(example.read_text())
    with progress.step(f"Apply {example.name}"):
        _prepare_namespace(tools, chain["metadata"]["namespace"])
        tools.kubectl("apply", f"--filename={example}")
    ready = _wait_until_ready(tools, chain["metadata"], progress)
    if output is Format.TABLE:
        _show(ready, time.monotonic() - began)
    else:
        print_data({"kubeconfig": str(sandbox.kubeconfig), "chain": ready}, output)


@app.command()
def down(output: OutputOption = Format.TABLE) -> None:
    """Remove everything that `up` made. Built tools and images stay in the cache."""
    Sandbox(NAME).down(for_terminal())
    show(output, {"name": NAME}, ["the demo is gone"])


def _prepare_namespace(tools: Tools, name: str) -> None:
    """A namespace that takes no pod with more rights than `restricted` allows."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": name, "labels": labels}
    tools.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _wait_until_ready(tools: Tools, metadata: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Shows what the chain waits for, until it is Ready. Raises SandboxError after a while."""
    began, told = time.monotonic(), ""
    with progress.step(f"Wait for the chain {metadata['name']}"):
        while True:
            chain = tools.get("consortiumchain", metadata["name"], "-n", metadata["namespace"])
            if is_ready(chain):
                return chain
            if time.monotonic() - began > LIMIT_SECONDS:
                raise SandboxError(
                    f"the chain is not Ready after {LIMIT_SECONDS:.0f} s: {headline(chain)}\n"
                    f"see `{KUBECTL} describe cchain {metadata['name']} -n {metadata['namespace']}`"
                )
            told = _tell(headline(chain), told)
            time.sleep(0.5)


def _tell(line: str, told: str) -> str:
    if line != told:
        typer.echo(f"  {line}", err=True)
    return line


def _show(chain: dict[str, Any], seconds: float) -> None:
    console = Console(highlight=False, soft_wrap=True)
    metadata, status = chain["metadata"], chain["status"]
    where = f"{metadata['namespace']}/{metadata['name']}"
    console.print(f"\n[bold]{where}[/] is Ready after {seconds:.0f} s: {headline(chain)}")
    console.print(f"height {status['height']}, genesis {status['genesis']['sha256'][:16]}…\n")
    console.print(nodes_table(chain))
    console.print()
    console.print(conditions_table(chain))
    pod = f"{metadata['name']}-webank-shenzhen-0-0"
    console.print(
        "\nTry next (the nodes are stand-ins for FISCO BCOS, see docs/sandbox.md):\n"
        f"  {KUBECTL} get cchain,pods -n {metadata['namespace']}\n"
        f"  {KUBECTL} delete pod {pod} -n {metadata['namespace']}   # one of four may go\n"
        f"  KUBECONFIG=$({CONSORTIUM} sandbox kubeconfig) "
        f"{CONSORTIUM} status {metadata['name']} -n {metadata['namespace']} --watch\n"
        "An upgrade, certificates that end, a mistake: docs/quickstart.md\n"
        "\n`make demo-down` removes everything."
    )
