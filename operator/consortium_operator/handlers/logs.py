"""One JSON object a line, on stderr. Key material that strays into a message is blotted out."""

import json
import logging
import re
from datetime import UTC, datetime

_PEM = re.compile(r"-----BEGIN [^-]+-----.*?(-----END [^-]+-----|$)", re.DOTALL)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Level, time, logger, message, and whatever the call gave as `extra`, sorted."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extras = {k: v for k, v in vars(record).items() if k not in _STANDARD and k[0] != "_"}
        line |= {name: _plain(value) for name, value in sorted(extras.items())}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _PEM.sub("[redacted]", json.dumps(line, ensure_ascii=False))


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def configure(level: str) -> None:
    """Every logger of the process writes here; kopf's object-loggers included."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # kopf and aiohttp log whole bodies at DEBUG; a line for each event and probe at INFO.
    for library in ("kopf", "aiohttp", "asyncio"):
        logging.getLogger(library).setLevel(max(logging.INFO, root.level))
    for chatty in ("kopf.objects", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
