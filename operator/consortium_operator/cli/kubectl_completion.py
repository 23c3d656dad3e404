"""`kubectl_complete-consortium`: what kubectl runs from the PATH for `kubectl consortium <Tab>`. It
gives the words so far, the last of which is unfinished, and reads one suggestion a line."""

import os
import shlex
import sys

from consortium_operator.cli.main import app

_NO_FILES = ":4"
"""kubectl's word for: offer no file names where nothing fits."""


def main() -> None:
    words = sys.argv[1:] or [""]
    os.environ |= {
        "_CONSORTIUM_COMPLETE": "complete_bash",
        "COMP_WORDS": shlex.join(["consortium", *words]),
        "COMP_CWORD": str(len(words)),
    }
    try:
        app(prog_name="consortium")
    finally:
        print(_NO_FILES)
