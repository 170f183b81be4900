from __future__ import annotations

from datetime import timedelta

import pytest

from mlopsportal import azureml
from mlopsportal.azureml.errors import redact

SECRET = "c2VjcmV0"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://st.blob.core.windows.net/x?sv=1&sig={SECRET}%3D&se=2 failed",
        f"Authorization: Bearer {SECRET}",
        f"bearer {SECRET} is not good",
        f"token eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET} expired",
        f"client_secret={SECRET}&scope=x",
        f"AccountName=a;AccountKey={SECRET};EndpointSuffix=x",
        f"Endpoint=x;SharedAccessKey={SECRET}",
    ],
)
def test_no_error_carries_a_secret(text: str) -> None:
    refused = azureml.Refused(text, status=400, code=text, target=text, details=[text])
    for error in (refused, azureml.UnknownOutcome(text), azureml.CompileError("a.b", text)):
        assert SECRET not in f"{error!s} {error!r} {vars(error)}"


def test_an_error_is_one_line_of_bounded_length() -> None:
    text = str(azureml.BadResponse("a\nb\r\n\tc " + "x" * 5000))
    assert text.startswith("a b c ")
    assert len(text) == 600


def test_ordinary_text_is_left_alone() -> None:
    text = "The design of signal=1 was assigned to bearing"
    assert redact(text) == text


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (azureml.Throttled("", retry_after=timedelta(1)), "after_delay"),
        (azureml.Refused("", status=400), "never"),
        (azureml.NotFound("", status=404), "never"),
        (azureml.NotConfigured(""), "never"),
        (azureml.CompileError("", ""), "never"),
        (azureml.Unauthorized("", status=401), "later"),
        (azureml.Forbidden("", status=403), "later"),
        (azureml.Unreachable(""), "later"),
        (azureml.BadResponse(""), "later"),
        (azureml.Conflict("", status=409), "read_back"),
        (azureml.UnknownOutcome(""), "read_back"),
    ],
)
def test_every_error_says_whether_to_try_again(error: azureml.AzureError, verdict: str) -> None:
    assert error.retry == verdict


def test_a_compile_error_names_document_and_place() -> None:
    assert str(azureml.CompileError("jobs.a", "no", ref="run:r")) == "run:r: jobs.a: no"
