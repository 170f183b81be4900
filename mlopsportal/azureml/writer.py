"""Sends one approved request, once, byte for byte, and tells what became of it; never imports azure.ai.ml."""

from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import quote, urlencode

from mlopsportal.azureml.answers import delay_of, describe, json_object, refusal
from mlopsportal.azureml.errors import AzureError, NotConfigured, Refused, UnknownOutcome, Unreachable
from mlopsportal.azureml.exchange import Answer, Exchange
from mlopsportal.azureml.records import Json, Request, Response, Target

SEND_CAP = timedelta(seconds=20)
_SHORTEST_POLL = timedelta(milliseconds=50)
_USUAL_POLL = timedelta(milliseconds=500)
_LONGEST_POLL = timedelta(seconds=2)
_FAILED = frozenset({"failed", "canceled"})
_ENDED = _FAILED | {"", "succeeded"}
_METHODS = frozenset({"PUT", "POST", "PATCH", "DELETE"})


class Writer:
    """Writes to one workspace."""

    def __init__(self, target: Target, exchange: Exchange) -> None:
        self._base = target.base
        self._exchange = exchange

    def send(self, request: Request, *, timeout: timedelta = SEND_CAP) -> Response:
        """Send it and wait for its end, both within `timeout` and never longer than 20 s. See Connection.send."""
        deadline = time.monotonic() + min(timeout, SEND_CAP).total_seconds()
        url, headers = self._url_of(request), self._headers(request)
        left = _left(deadline)
        if left <= timedelta():
            raise Unreachable("signing in took all the time there was")
        answer = self._exchange.send(request.method, url, content=request.payload, headers=headers, timeout=left)
        if answer.status == 408 or not 200 <= answer.status < 500 or 300 <= answer.status < 400:
            raise UnknownOutcome(describe(answer), status=answer.status, request_id=answer.request_id)
        if answer.status >= 400:
            raise refusal(answer)
        return self._end_of(answer, url, deadline)

    def _url_of(self, request: Request) -> str:
        if request.method not in _METHODS:
            raise ValueError(f"{request.method} is not a write")
        if not request.arm_id.startswith(f"{self._base}/") or ".." in request.arm_id.split("/"):
            raise NotConfigured(f"{request.arm_id} is not in the workspace {self._base}")
        query = urlencode({"api-version": request.api_version})
        return f"{self._exchange.cloud.endpoint}{quote(request.arm_id, safe='/@:')}?{query}"

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        if request.method == "PUT" and request.arm_id.startswith(f"{self._base}/jobs/"):
            # The service acts for the submitter with this token while the run starts, so it is made for each sending.
            headers["x-azureml-token"] = self._exchange.token(self._exchange.cloud.ml_scope)
        return headers

    def _end_of(self, answer: Answer, url: str, deadline: float) -> Response:
        """The response of an accepted write, once the service has ended its work on it; `url` is the object's own."""
        response = Response(answer.status, _body_of(answer), answer.request_id)
        if operation := answer.headers.get("azure-asyncoperation"):
            self._await_operation(operation, answer, deadline)
        elif answer.status == 202:
            self._await_location(answer.headers.get("location", ""), answer, deadline)
        else:
            self._await_object(_provisioning(response.body), url, answer, deadline)
        return response

    def _await_operation(self, url: str, first: Answer, deadline: float) -> None:
        state, answer = "", first
        while state != "succeeded":
            answer = self._poll(url, answer, first, deadline)
            body = _body_of(answer) or {}
            state = str(body.get("status", "")).lower()
            if state in _FAILED:
                raise _failed(body.get("error"), state, first)

    def _await_location(self, url: str, first: Answer, deadline: float) -> None:
        answer = first
        while answer.status == 202:
            answer = self._poll(url, answer, first, deadline)

    def _await_object(self, state: str, url: str, first: Answer, deadline: float) -> None:
        answer = first
        while state not in _ENDED:
            answer = self._poll(url, answer, first, deadline)
            state = _provisioning(_body_of(answer))
        if state in _FAILED:
            raise _failed(None, state, first)

    def _poll(self, url: str, previous: Answer, first: Answer, deadline: float) -> Answer:
        """The next status, after the delay the service asks for. Any trouble on the way leaves the outcome unknown."""
        if not url.startswith(f"{self._exchange.cloud.endpoint}/"):
            raise UnknownOutcome("accepted, and its end is told nowhere here", request_id=first.request_id)
        delay = min(max(delay_of(previous) or _USUAL_POLL, _SHORTEST_POLL), _LONGEST_POLL)
        if time.monotonic() + delay.total_seconds() >= deadline:
            raise UnknownOutcome("accepted, and not finished in time", status=first.status, request_id=first.request_id)
        if previous is not first:
            time.sleep(delay.total_seconds())
        try:
            answer = self._exchange.send("GET", url, headers={"Accept": "application/json"}, timeout=_left(deadline))
        except AzureError as error:
            raise UnknownOutcome(f"accepted, then {error}", status=first.status, request_id=first.request_id) from None
        if answer.status >= 300:
            raise UnknownOutcome(f"accepted, then {describe(answer)}", status=first.status, request_id=first.request_id)
        return answer


def _left(deadline: float) -> timedelta:
    return timedelta(seconds=deadline - time.monotonic())


def _failed(error: object, state: str, first: Answer) -> Refused:
    said = json_object(error) or {}
    message = str(said.get("message") or f"the operation ended as {state}")
    return Refused(message, status=first.status, code=str(said.get("code") or ""), request_id=first.request_id)


def _provisioning(body: Json | None) -> str:
    """The provisioning state in lower case, empty where the object has none."""
    properties = json_object((body or {}).get("properties")) or {}
    return str(properties.get("provisioningState") or "").lower()


def _body_of(answer: Answer) -> Json | None:
    """The JSON object of a successful answer, None where there is none.

    Raises UnknownOutcome when there is something else: whoever answers so may not be who was asked.
    """
    if not answer.content:
        return None
    try:
        body = json_object(answer.json())
    except ValueError:
        body = None
    if body is None or answer.is_cut:
        raise UnknownOutcome("the answer is not a JSON object", status=answer.status, request_id=answer.request_id)
    return body
