"""The log of every program: JSON lines to standard error, one event a line, redacted by type.

    log = logging.getLogger(__name__)
    say(log, logging.INFO, "terminal connected", terminal="T-000412", boot=boot_id)

Fields go through ``redaction.loggable``. A message with %-arguments from a library is formatted
as it is; libraries that print requests (access logs) are silenced in ``start``.
"""

import json
import logging
import sys
import time
import traceback
from typing import TextIO

from protos.operation.redaction import loggable

_FIELDS = "choba_fields"
_QUIET = (
    "uvicorn.access",
    "asyncio",
    "httpx",
    "alembic",
    "grpc._cython.cygrpc",
    "kivy",
    "escpos",
    "PIL",
)


def say(log: logging.Logger, level: int, event: str, **fields: object) -> None:
    """One event with its fields. An exception in flight is added by ``error=<exception>``."""
    if not log.isEnabledFor(level):
        return
    error = fields.pop("error", None)
    info = (type(error), error, error.__traceback__) if isinstance(error, BaseException) else None
    if error is not None and info is None:
        fields["error"] = error
    log.log(level, event, extra={_FIELDS: fields}, exc_info=info)


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, event, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _instant(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        fields = getattr(record, _FIELDS, None)
        if isinstance(fields, dict):
            for name, value in fields.items():
                line.setdefault(name, loggable(value))
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _exception(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def start(level: str, stream: TextIO | None = None) -> None:
    """Send every record to ``stream`` (standard error) as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _instant(seconds: float) -> str:
    whole = time.gmtime(seconds)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', whole)}.{int(seconds % 1 * 1_000_000):06d}Z"


def _exception(error: BaseException) -> dict[str, object]:
    """Type, text and frames. A database error is told without the values of its statement."""
    if hasattr(error, "hide_parameters"):
        error.hide_parameters = True
    frames = traceback.extract_tb(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    said: dict[str, object] = {
        "type": type(error).__name__,
        "text": str(error),
        "frames": [f"{f.filename}:{f.lineno} {f.name}" for f in frames[-12:]],
    }
    if cause is not None:
        said["cause"] = {"type": type(cause).__name__, "text": str(cause)[:500]}
    return said
