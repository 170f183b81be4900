"""One log line per event as a JSON object, on one line and without secrets; knows no event."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from mlopsportal.audit.redaction import redact_text
from mlopsportal.ui.middleware import current_request_id


class JsonFormatter(logging.Formatter):
    """Formats a record as `{time, level, logger, message, request_id?, error?}`.

    ASCII only, every control character escaped, so that no text from outside can begin a line of its own
    or move a terminal's cursor; what has the shape of a token, a signature or a key is masked.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact_text(record.getMessage()),
        }
        if request_id := current_request_id.get():
            line["request_id"] = request_id
        if record.exc_info:
            line["error"] = redact_text(self.formatException(record.exc_info))
        return json.dumps(line).replace("\x7f", "\\u007f")


class QuietProbes(logging.Filter):
    """Drops Django's error line for a health page that answers 503: the answer itself says what fails."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        return getattr(request, "path", "") not in {"/healthz", "/readyz"} or getattr(record, "status_code", 0) != 503
