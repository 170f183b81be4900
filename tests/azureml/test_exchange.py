from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from mlopsportal import azureml
from mlopsportal.azureml.clouds import CLOUDS, cloud_of
from mlopsportal.azureml.credentials import SandboxCredential
from mlopsportal.azureml.exchange import Exchange

AMPLE = timedelta(seconds=10)


@contextmanager
def serving(*chunks: bytes, pause: float = 0.0) -> Iterator[str]:
    """A server that answers one connection with the chunks, whatever is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                try:
                    for chunk in chunks:
                        connection.sendall(chunk)
                        time.sleep(pause)
                except OSError:  # the other side has hung up, which is what it should do
                    return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(timeout=5)


def exchange_with(url: str) -> Exchange:
    cloud = cloud_of(azureml.Target("6c7f4a52", "rg", "ws", "sandbox", url))
    return Exchange(cloud, SandboxCredential())


def test_an_answer_is_whole_and_its_headers_lower_case() -> None:
    with serving(b"HTTP/1.1 418 Short\r\nX-Ms-Request-Id: 7\r\nContent-Length: 2\r\n\r\nok") as url:
        answer = exchange_with(url).send("GET", url, timeout=AMPLE)
    assert (answer.status, answer.content, answer.request_id, answer.is_cut) == (418, b"ok", "7", False)


def test_an_answer_beyond_the_limit_is_cut() -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000) as url:
        answer = exchange_with(url).send("GET", url, timeout=AMPLE, limit=100)
    assert (len(answer.content), answer.is_cut) == (100, True)


def test_a_server_that_drips_cannot_hold_us() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with serving(head, *([b"x"] * 100), pause=0.1) as url:
        started = time.monotonic()
        with pytest.raises(azureml.UnknownOutcome, match=r"within 0\.5 s"):
            exchange_with(url).send("PUT", url, timeout=timedelta(seconds=0.5))
        assert time.monotonic() - started < 5


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with serving(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as url:
        assert exchange_with(url).send("GET", url, timeout=AMPLE).status == 302


@pytest.mark.parametrize("answer", [b"", b"no http\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_broken_answer_leaves_the_outcome_unknown(answer: bytes) -> None:
    with serving(answer) as url, pytest.raises(azureml.UnknownOutcome):
        exchange_with(url).send("PUT", url, timeout=AMPLE, content=b"{}")


class Failing:
    """A credential that raises what azure-identity raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_token(self, *scopes: str, **kwargs: object) -> AccessToken:
        raise self._error


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ClientAuthenticationError(message="no secret=1 bearer abc"), azureml.Unauthorized),
        (ServiceRequestError("no route"), azureml.Unreachable),
    ],
)
def test_a_failing_sign_in_sends_nothing(raised: Exception, expected: type[azureml.AzureError]) -> None:
    exchange = Exchange(CLOUDS["azure"], Failing(raised))
    with pytest.raises(expected) as caught:
        exchange.send("PUT", "https://management.azure.com/x", timeout=AMPLE)
    assert caught.value.retry is azureml.Retry.LATER
