"""What an answer of Azure ML means: its error body, its delay, the error of our family; knows no transport."""

from __future__ import annotations

import email.utils
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mlopsportal.azureml.errors import Conflict, Forbidden, NotFound, Refused, Throttled, Unauthorized
from mlopsportal.azureml.exchange import Answer
from mlopsportal.azureml.records import Json

DEFAULT_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
_CLASSES: Mapping[int, type[Refused]] = {401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict}
_MOST_DETAILS = 20


def refusal(answer: Answer) -> Refused | Throttled:
    """The error for a 4xx answer."""
    body = _error_body(answer)
    message = str(body.get("message") or f"HTTP {answer.status} without a message")
    if answer.status == 429:
        return Throttled(message, retry_after=delay_of(answer) or DEFAULT_DELAY, request_id=answer.request_id)
    return _CLASSES.get(answer.status, Refused)(
        message,
        status=answer.status,
        code=str(body.get("code") or ""),
        target=str(body.get("target") or ""),
        details=tuple(_details(body))[:_MOST_DETAILS],
        request_id=answer.request_id,
    )


def delay_of(answer: Answer) -> timedelta | None:
    """How long the service asks to wait, at most an hour; None where it does not say.

    Reads retry-after-ms, x-ms-retry-after-ms and Retry-After in seconds or as a date, as azure-core does.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = _number(answer.headers.get(name, ""))
        if milliseconds is not None:
            return _bounded(milliseconds / 1000)
    text = answer.headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is None and text:
        seconds = _seconds_until(text)
    return None if seconds is None else _bounded(seconds)


def describe(answer: Answer) -> str:
    """One line on an answer that nobody expected."""
    body = _error_body(answer)
    said = " ".join(str(body[key]) for key in ("code", "message") if body.get(key))
    return f"HTTP {answer.status}{f' {said}' if said else ''}"


def _error_body(answer: Answer) -> Json:
    try:
        body = answer.json()
    except ValueError:
        return {}
    error = body.get("error", body) if isinstance(body, dict) else {}
    return error if isinstance(error, dict) else {}


def _details(error: Json) -> Iterator[str]:
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield ": ".join(str(detail[key]) for key in ("code", "target", "message") if detail.get(key))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds_until(date: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0.0), LONGEST_DELAY.total_seconds()))


def json_object(value: Any) -> Json | None:
    """The value when it is a JSON object, else None."""
    return value if isinstance(value, dict) else None
