"""The end of the process at a moment that was set before, whatever it does then.

The kernel sets the alarm off. A process that was frozen hears it before anything else when it goes
on, and one that is busy in the middle of its work: Python calls the handler before its next step.
"""

import os
import signal

EXIT_CODE = 1
_LAST_WORDS = (
    b'{"level": "error", "message": "the Lease was not renewed in time: the work ends here"}\n'
)


def end_in(seconds: float | None) -> None:
    """Instead of what was set before; 0: now, None: never. For the main thread."""
    if seconds == 0:
        os._exit(EXIT_CODE)
    signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, seconds or 0)


def _end(*_: object) -> None:
    # Not by the logger: it may be just this that was interrupted.
    os.write(2, _LAST_WORDS)
    os._exit(EXIT_CODE)
