"""One HTTP exchange with Azure ML, sent once and bounded in time and size; knows nothing of what is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from azure.core.exceptions import (
    AzureError as CoreError,
)
from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
)
from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core import ARMPipelineClient

from mlopsportal.azureml.clouds import Cloud
from mlopsportal.azureml.credentials import Credential, SignIn
from mlopsportal.azureml.errors import Unauthorized, UnknownOutcome, Unreachable

USER_AGENT = "mlopsportal"
CONNECT_TIMEOUT = timedelta(seconds=5)
LARGEST_ANSWER = 64 * 1024 * 1024

Client = ARMPipelineClient[HttpRequest, HttpResponse]


@dataclass(frozen=True)
class Answer:
    """A whole answer. Header names are lower case; `is_cut` says that content beyond the limit was left unread."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    is_cut: bool = False

    @property
    def request_id(self) -> str:
        """The service's correlation id, empty where it gave none."""
        return self.headers.get("x-ms-request-id", "")

    def json(self) -> Any:
        """The content as JSON, whatever its shape. Raises ValueError."""
        return json.loads(self.content)


class Exchange:
    """Sends requests to one cloud as one identity: no retry, no redirect, nothing that was not asked for."""

    def __init__(self, cloud: Cloud, credential: Credential) -> None:
        self.cloud = cloud
        self._credential = credential
        self._sign_in = SignIn(cloud, credential)
        # A policy list of our own: azure-mgmt-core's default one would send further writes on some refusals.
        policies = [RequestIdPolicy(), UserAgentPolicy(base_user_agent=USER_AGENT)]
        self._client = self._make_client([*policies, self._sign_in])
        self._anonymous = self._make_client(policies)

    def _make_client(self, policies: list[Any]) -> Client:  # azure-core mixes two unrelated policy types in this list
        transport = RequestsTransport(use_env_settings=not self.cloud.is_sandbox)
        return ARMPipelineClient(self.cloud.endpoint, policies=policies, transport=transport)

    def send(
        self,
        method: str,
        url: str,
        *,
        timeout: timedelta,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        limit: int = LARGEST_ANSWER,
        signed: bool = True,
    ) -> Answer:
        """The answer, whatever its status.

        Raises Unauthorized when there is no token, Unreachable when nothing was sent, UnknownOutcome when it was sent
        and no whole answer came within `timeout`.
        """
        if signed:
            self.token(self.cloud.scope)  # a failing sign-in must not look like a failing request
        request = HttpRequest(method, url, headers=dict(headers or {}), content=content or None)
        client = self._client if signed else self._anonymous
        return _within(timeout, lambda is_late: _exchange(client, request, timeout, limit, is_late))

    def token(self, scope: str) -> str:
        """A token for the scope. Raises Unauthorized, or Unreachable when the sign-in host does not answer."""
        try:
            return self._sign_in.token() if scope == self.cloud.scope else self._credential.get_token(scope).token
        except ClientAuthenticationError as error:
            raise Unauthorized(str(error.message), status=401, code="CredentialUnavailable") from None
        except CoreError as error:
            raise Unreachable(f"the sign-in service does not answer: {error.message}") from None

    def close(self) -> None:
        """Close both sessions."""
        self._client.close()
        self._anonymous.close()


def _exchange(
    client: Client, request: HttpRequest, timeout: timedelta, limit: int, is_late: Callable[[], bool]
) -> Answer:
    seconds = timeout.total_seconds()
    connect = min(CONNECT_TIMEOUT.total_seconds(), seconds)
    host = urlsplit(request.url).netloc
    try:
        with client.send_request(request, stream=True, connection_timeout=connect, read_timeout=seconds) as response:
            content, is_cut = _read(response, limit, is_late)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, content, is_cut)
    except CoreError as error:
        if _was_not_sent(error):
            raise Unreachable(f"no connection to {host}: {_reason(error)}") from None
        raise UnknownOutcome(f"{host} broke off: {_reason(error)}") from None


def _read(response: HttpResponse, limit: int, is_late: Callable[[], bool]) -> tuple[bytes, bool]:
    chunks = bytearray()
    for chunk in response.iter_bytes():
        chunks += chunk
        if len(chunks) > limit or is_late():
            return bytes(chunks[:limit]), True
    return bytes(chunks), False


def _was_not_sent(error: CoreError) -> bool:
    """Whether the request certainly never left: no connection, or no trust in the other side's certificate."""
    if isinstance(error, ServiceRequestTimeoutError):
        return True
    if not isinstance(error, ServiceRequestError):
        return False
    inner = error.inner_exception
    # requests wraps every failure but the one to connect, which azure-core receives as urllib3 raised it.
    refused = not isinstance(inner, requests.RequestException)
    return refused or (isinstance(inner, requests.exceptions.SSLError) and "certificate verify failed" in str(inner))


def _reason(error: CoreError) -> str:
    if isinstance(error, DecodeError):
        return "the answer is damaged"
    inner = error.inner_exception
    return type(inner).__name__ if inner is not None else type(error).__name__


def _within(timeout: timedelta, work: Callable[[Callable[[], bool]], Answer]) -> Answer:
    """What `work` returns or raises, unless it takes longer than `timeout`: then UnknownOutcome.

    A socket timeout starts again with every byte, so a server that drips could hold a caller for hours; the thread
    left behind ends at its next chunk, because `work` is told that it is late.
    """
    late = threading.Event()
    outcome: list[Answer | BaseException] = []

    def run() -> None:
        try:
            outcome.append(work(late.is_set))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, which raises it
            outcome.append(error)

    thread = threading.Thread(target=run, name="azureml-exchange", daemon=True)
    thread.start()
    thread.join(timeout.total_seconds())
    if not outcome:
        late.set()
        raise UnknownOutcome(f"no whole answer within {timeout.total_seconds():g} s")
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]
