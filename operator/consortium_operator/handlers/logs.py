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
            "message": _clean(record.getMessage()),
        }
        extras = {k: v for k, v in vars(record).items() if k not in _STANDARD and k[0] != "_"}
        # What a line always has cannot be shadowed.
        line |= {name: _plain(extras[name]) for name in sorted(extras.keys() - line.keys())}
        if record.exc_info:
            line["exception"] = _clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | None) else _clean(str(value))


def _clean(text: str) -> str:
    """Line breaks may be escaped already, as in the repr of bytes."""
    return _PEM.sub("[redacted]", text)


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
    # That signals are ignored: ours are not.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
