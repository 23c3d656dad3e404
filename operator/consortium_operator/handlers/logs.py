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
    # kopf and aiohttp log whole bodies at DEBUG, and a line for each probe at INFO.
    for chatty in ("kopf", "kopf.objects", "aiohttp", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.INFO, logging.getLogger().level))
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
