"""Makes two targets at once: `python scripts/side_by_side.py e2e unit`.

The first shows what it does. The second takes only the processor time that the first leaves over,
which is a good third where pods are waited for, and its output follows at the end.
"""

import os
import signal
import subprocess
import sys
import tempfile

_LOWEST_PRIORITY = 19


def main(first: str, second: str) -> int:
    """The exit code: that of the first that failed, or 0."""
    with tempfile.TemporaryFile() as output:
        behind = subprocess.Popen(
            _make(second),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.nice(_LOWEST_PRIORITY),
        )
        before = subprocess.Popen(_make(first))
        # The terminal interrupts both as well: they clean up and end, and only then does this.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        failed = [before.wait(), behind.wait()]
        output.seek(0)
        sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
    return next(filter(None, failed), 0)


def _make(target: str) -> list[str]:
    return ["make", "--no-print-directory", target]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
