"""Takes pictures of what `consortium` says of the demo's chain: docs/images/capture-*.svg.

`make captures` brings the demo up, or takes the one that runs, runs the real commands and draws
what they printed. What can be told without a cluster is held by tests/unit/docs/test_captures.py.
"""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console  # type: ignore[attr-defined]  # documented
from rich.text import Text

from consortium_sandbox import Sandbox

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGES = REPOSITORY / "docs" / "images"
CONSORTIUM = REPOSITORY / ".venv" / "bin" / "consortium"
WHERE = ("quickstart", "--namespace", "consortium-demo")
COMMANDS = ("status", "doctor", "topology")

# A picture must not fetch a font: whoever looks at it has one. Nor need it say who drew it.
_FORMAT = re.sub(r"(@font-face \{\{.*?\}\}|<!--.*?-->)\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def picture(command: str, printed: str) -> str:
    """What a terminal would show, as SVG. The same text gives the same bytes."""
    shown = f"$ kubectl consortium {command} {' '.join(WHERE)}\n{printed.rstrip()}"
    width = max(map(len, shown.splitlines())) + 1
    console = Console(record=True, file=io.StringIO(), width=width, color_system=None)
    # A line more, or the last one is cut off at its foot.
    console.print(Text(f"{shown}\n"), soft_wrap=True)
    return console.export_svg(title="", code_format=_FORMAT, unique_id=f"consortium-{command}")


def main() -> None:
    subprocess.run([CONSORTIUM, "demo", "up"], check=True, stdout=subprocess.DEVNULL)
    environment = os.environ | {"KUBECONFIG": str(Sandbox("demo").kubeconfig)}
    for command in COMMANDS:
        done = subprocess.run(
            [CONSORTIUM, command, *WHERE],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        # What doctor found is for the picture, whatever it is; no answer is not.
        if done.returncode > 1 or not done.stdout:
            sys.exit(f"consortium {command}: {done.stderr}")
        (IMAGES / f"capture-{command}.svg").write_text(picture(command, done.stdout), "utf-8")


if __name__ == "__main__":
    main()
