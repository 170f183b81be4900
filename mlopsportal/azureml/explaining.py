"""Turns what azure-ai-ml raises into errors of our family; the SDK's prose, colours and nesting stop here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from mlopsportal.azureml.answers import describe, refusal
from mlopsportal.azureml.errors import AzureError, BadResponse, CompileError, Unauthorized, Unreachable
from mlopsportal.azureml.exchange import Answer

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_UNION_INDEX = "value"
"""azure-ai-ml puts this between a key and its value's errors where a schema is a union."""


def explain(error: Exception, *, ref: str) -> AzureError:
    """The error of our family for anything that compiling a document raised."""
    if isinstance(error, CompileError):
        return CompileError(error.path, error.message, ref=error.ref or ref)
    if isinstance(error, AzureError):
        return error
    if isinstance(error, HttpResponseError) and error.response is not None:
        return _of_answer(error.response)
    if isinstance(error, ClientAuthenticationError):
        return Unauthorized(str(error.message), status=401, code="CredentialUnavailable")
    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return Unreachable(f"the workspace does not answer: {type(error.inner_exception or error).__name__}")
    places = list(_places(error))
    path, message = places[0]
    if len(places) > 1:
        message += f" (and {len(places) - 1} more: {', '.join(place or 'document' for place, _ in places[1:6])})"
    return CompileError(path, message, ref=ref)


def _of_answer(response: Any) -> AzureError:  # azure-core has two unrelated response classes, read in two ways
    headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
    content = response.body() if hasattr(response, "body") else response.read()
    answer = Answer(int(response.status_code or 0), headers, bytes(content))
    if 400 <= answer.status < 500:
        return refusal(answer)
    return BadResponse(describe(answer), status=answer.status, request_id=answer.request_id)


def _places(error: BaseException) -> Iterator[tuple[str, str]]:
    """Each (path, message) in an error of the SDK; at least one."""
    found = list(_listed(str(error))) or list(_nested(getattr(error, "messages", None), ""))
    if found:
        yield from found
        return
    cause = error.__cause__ or error.__context__
    says_nothing = not str(error).strip() or _COLOUR.search(str(error))
    if cause is not None and says_nothing:
        yield from _places(cause)
        return
    text = _plain(str(error))
    is_plain = type(error).__module__.startswith(("azure.", "marshmallow"))
    yield "", text if is_plain and text else f"azure-ai-ml cannot read this document ({type(error).__name__}: {text})"


def _listed(text: str) -> Iterator[tuple[str, str]]:
    """The entries of the JSON report that the SDK hides in its messages."""
    start = text.find('{\n  "result"')
    if start < 0:
        return
    try:
        report, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:
        return
    for entry in report.get("errors", ()):
        yield str(entry.get("path", "")).removeprefix("*"), _plain(str(entry.get("message", "")))


def _nested(messages: Any, path: str) -> Iterator[tuple[str, str]]:
    """The leaves of marshmallow's nested messages."""
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            hidden = key in {_UNION_INDEX, "_schema"}
            yield from _nested(below, path if hidden else f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list):
        for item in messages:
            yield from _nested(item, path)
    elif messages:
        yield path, _plain(str(messages))


def _plain(text: str) -> str:
    """The text on one line, colours taken out."""
    return " ".join(_COLOUR.sub("", text).split())
