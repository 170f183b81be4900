"""Why Azure ML did not do what was asked, and whether asking again can help; data, never a token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

_LONGEST_LINE = 600
_SECRETS = (
    (
        re.compile(r"(?i)\b(sig|access_token|client_secret|client_assertion|\w*AccessKey|AccountKey)=[^&;\s\"']+"),
        r"\1=***",
    ),
    (re.compile(r"(?i)\bbearer\s+[^\s\"',]+"), "Bearer ***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),
)


class Retry(StrEnum):
    """What the caller should do next."""

    AFTER_DELAY = "after_delay"  # the same request, once `retry_after` has passed
    LATER = "later"  # the same request, once somebody or something has changed; nothing was written
    NEVER = "never"  # the same request gets the same answer
    READ_BACK = "read_back"  # read the object: it may or may not have been written


def redact(text: str) -> str:
    """The text on one line, without shared access signatures, bearer tokens, keys; at most 600 characters."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"


class AzureError(Exception):
    """Base of the family. `status` and `code` are the service's, None and empty where it did not answer."""

    retry: ClassVar[Retry] = Retry.NEVER

    def __init__(self, message: str, *, status: int | None = None, code: str = "", request_id: str = "") -> None:
        self.message = redact(message)
        self.status = status
        self.code = redact(code)
        self.request_id = request_id
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.code else self.message


class NotConfigured(AzureError):
    """The target cannot be used as described; `variable` names the environment variable that is missing, if any."""

    def __init__(self, message: str, *, variable: str = "") -> None:
        super().__init__(message)
        self.variable = variable


class Throttled(AzureError):
    """429: the workspace asks to slow down. `retry_after` is its own delay, or a sensible one where it gave none."""

    retry = Retry.AFTER_DELAY

    def __init__(self, message: str, *, retry_after: timedelta, request_id: str = "") -> None:
        super().__init__(message, status=429, code="TooManyRequests", request_id=request_id)
        self.retry_after = retry_after


class Refused(AzureError):
    """A 4xx answer: nothing was written. `details` are further messages of the service, `target` the field it names."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        target: str = "",
        details: Sequence[str] = (),
        request_id: str = "",
    ) -> None:
        super().__init__(message, status=status, code=code, request_id=request_id)
        self.target = redact(target)
        self.details = tuple(redact(detail) for detail in details)


class Unauthorized(Refused):
    """401, or no credential could give a token (then `code` is CredentialUnavailable and nothing was sent)."""

    retry = Retry.LATER


class Forbidden(Refused):
    """403: the identity lacks a role on the workspace."""

    retry = Retry.LATER


class NotFound(Refused):
    """404: the object, or the whole workspace, is not there."""


class Conflict(Refused):
    """409: it exists already, or another write is under way."""

    retry = Retry.READ_BACK


class Unreachable(AzureError):
    """No connection, or no answer to a read. A write that raises this was not sent."""

    retry = Retry.LATER


class UnknownOutcome(AzureError):
    """A write was sent and no trustworthy answer came back."""

    retry = Retry.READ_BACK


class BadResponse(AzureError):
    """The answer to a read is not what Azure ML answers: a 5xx, no JSON, another shape, a link that leads elsewhere."""

    retry = Retry.LATER


class CompileError(AzureError):
    """A document cannot become requests. `path` is the place in the document, as in `jobs.train.compute`."""

    def __init__(self, path: str, message: str, *, ref: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.ref = ref

    def __str__(self) -> str:
        return ": ".join(part for part in (self.ref, self.path, self.message) if part)
