"""The log of a FISCO BCOS node, `level|time|thread|text`."""

import re

from consortium_operator.chain.log_entry import Level, LogEntry

_LINE = re.compile(
    rf"(?P<level>{'|'.join(Level)})"
    r"\|(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*)"
    r"\|[^|]*"
    r"\|(?P<text>.*)"
)


def read_log_line(line: str) -> LogEntry:
    """What Boost or the shell prints has no level."""
    found = _LINE.fullmatch(line)
    if found is None:
        return LogEntry(None, None, line)
    return LogEntry(found["time"], Level(found["level"]), found["text"])
