"""One log line per event as a JSON object; knows the standard library's records and the request's id."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from mlopsportal.ui.middleware import current_request_id


class JsonFormatter(logging.Formatter):
    """Formats a record as `{time, level, logger, message, request_id?, error?}`, ASCII, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id.get():
            line["request_id"] = request_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)
