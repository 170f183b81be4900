"""Reads that are worth trying again: a GET or a query, answered in JSON, followed page by page on one host."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from mlopsportal.azureml.answers import delay_of, describe, refusal
from mlopsportal.azureml.errors import AzureError, BadResponse, NotFound, Throttled, UnknownOutcome, Unreachable
from mlopsportal.azureml.exchange import LARGEST_ANSWER, Answer, Exchange
from mlopsportal.azureml.records import Json, Page

READ_TIMEOUT = timedelta(seconds=20)
TRIES = 3
PATIENCE = timedelta(seconds=3)
"""The longest delay that a read sits out by itself; a longer one is the caller's to plan with."""
MOST_PAGES = 100_000


class Reading:
    """Reads JSON below one base URL (the management endpoint, or the run history of a region)."""

    def __init__(self, exchange: Exchange, base_url: str) -> None:
        self._exchange = exchange
        self._base_url = base_url.rstrip("/")

    def object(self, path: str, *, method: str = "GET", content: bytes = b"") -> Json:
        """The JSON object at a path with its query. Raises NotFound, BadResponse and what `answer` raises."""
        body = _json_of(self.answer(path, method=method, content=content))
        if not isinstance(body, dict):
            raise BadResponse(f"{urlsplit(path).path} is not a JSON object")
        return body

    def object_or_none(self, path: str) -> Json | None:
        """The JSON object at a path, None when the service says that it is not there."""
        try:
            return self.object(path)
        except NotFound:
            return None

    def pages(self, path: str) -> Iterator[Page]:
        """The pages from `path` on, a first path or a cursor. A cursor is a path with its query, without host.

        Raises BadResponse on a link to another host, a link seen before, or an answer without a list.
        """
        seen = {path}
        cursor: str | None = path
        while cursor is not None:
            page = self._page(cursor)
            if page.next_cursor in seen or len(seen) > MOST_PAGES:
                raise BadResponse(f"the listing {urlsplit(path).path} leads in a circle")
            cursor = page.next_cursor
            seen.add(cursor or "")
            yield page

    def _page(self, cursor: str) -> Page:
        body = self.object(cursor)
        items = body.get("value")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise BadResponse(f"{urlsplit(cursor).path} is not a listing")
        return Page(tuple(items), self._cursor_of(cursor, body.get("nextLink")))

    def _cursor_of(self, current: str, link: Any) -> str | None:
        if link is None or link == "":
            return None
        if not isinstance(link, str):
            raise BadResponse("the link to the next page is not a text")
        try:
            here, there = urlsplit(self._base_url), urlsplit(urljoin(self._base_url + current, link))
        except ValueError:
            raise BadResponse("the link to the next page is not an address") from None
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise BadResponse(f"the listing leads to another host, {there.netloc}")
        return f"{there.path}?{there.query}"

    def answer(self, path: str, *, method: str = "GET", content: bytes = b"", limit: int = LARGEST_ANSWER) -> Answer:
        """A 2xx answer, after at most three tries.

        Raises Throttled when the service asks for more patience than three seconds or keeps asking, the Refused family
        on a 4xx, BadResponse on anything else, Unreachable when nobody answers.
        """
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError(f"not a path: {path!r}")
        for attempt in range(1, TRIES):
            try:
                return self._try(path, method, content, limit)
            except (Throttled, Unreachable, BadResponse) as error:
                pause = _pause(attempt, error)
                if pause > PATIENCE:
                    raise
            time.sleep(pause.total_seconds())
        return self._try(path, method, content, limit)

    def _try(self, path: str, method: str, content: bytes, limit: int) -> Answer:
        headers = {"Accept": "application/json"}
        if content:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._exchange.send(
                method, self._base_url + path, content=content, headers=headers, timeout=READ_TIMEOUT, limit=limit
            )
        except UnknownOutcome as error:  # a read changes nothing: no answer is simply no answer
            raise Unreachable(error.message) from None
        return successful(answer)


def successful(answer: Answer) -> Answer:
    """The answer when it is a 2xx, else the error it stands for."""
    if 200 <= answer.status < 300:
        return answer
    if 400 <= answer.status < 500 and answer.status != 408:
        raise refusal(answer)
    raise _Faulty(answer)


class _Faulty(BadResponse):
    """A 5xx, 408 or 3xx answer to a read, with the delay it asks for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(describe(answer), status=answer.status, request_id=answer.request_id)
        self.delay = delay_of(answer)


def _pause(attempt: int, error: AzureError) -> timedelta:
    """The delay the service asks for, else half a second doubled with each attempt, give or take a quarter."""
    if isinstance(error, Throttled):
        return error.retry_after
    if isinstance(error, _Faulty) and error.delay:
        return error.delay
    spread = random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing
    return timedelta(seconds=0.25 * 2**attempt * spread)


def _json_of(answer: Answer) -> Any:
    if answer.is_cut:
        raise BadResponse("the answer is larger than 64 MB", status=answer.status, request_id=answer.request_id)
    try:
        return answer.json()
    except ValueError:
        raise BadResponse("the answer is not JSON", status=answer.status, request_id=answer.request_id) from None
