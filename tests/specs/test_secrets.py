from __future__ import annotations

import time

import pytest

from mlopsportal.specs.secrets import digest_of, named_secret, secrets_in
from tests.specs.building import advice

HEX = "0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + HEX * 5 + "==",
        "Endpoint=sb://x/;SharedAccessKey = " + HEX * 2,
        "https://a.blob.core.windows.net/c?sv=2024&sig=" + HEX,
        "Server=tcp:x;User ID=me;Password=hunter2hunter2;",
        "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
        "AKIA" + "ABCDEFGH12345678",
        "ghp_" + HEX * 3,
        "hf_" + HEX * 2,
        "abc8Q~" + HEX * 2,
        "A" * 86 + "==",
        "https://me:hunter2@example.org/repo.git",
    ],
)
def test_secrets_are_known_by_their_shape(text: str) -> None:
    found = list(secrets_in(f"before {text}"))
    assert found
    assert found[0].start >= len("before ")
    assert HEX not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "python train.py --lr 0.1",
        "azureml:train-env:7",
        "https://example.org/a?design=12345678901234",
        "mcr.microsoft.com/azureml/base@sha256:" + HEX * 4,
        "https://${{inputs.user}}:${{inputs.token}}@example.org",
        "password=${{inputs.password}};",
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/r",
    ],
)
def test_what_only_resembles_a_secret_is_none(text: str) -> None:
    assert list(secrets_in(text)) == []


@pytest.mark.parametrize(
    ("name", "text", "is_secret"),
    [
        ("db_password", "hunter2hunter2", True),
        ("apiKey", "0f3a9c41bd", True),
        ("client-secret", "0f3a9c41bd", True),
        ("password", "${{parent.inputs.password}}", False),
        ("secret", "azureml:vault:1", False),
        ("password", "see the vault", False),
        ("secretary", "hunter2hunter2", False),
        ("password", "none", False),
    ],
)
def test_secrets_are_known_by_their_name(name: str, text: str, is_secret: bool) -> None:
    assert (named_secret(name, text) is not None) is is_secret


def test_a_default_counts_under_the_name_of_its_input() -> None:
    text = "type: command\nname: c\ninputs: {db_password: {type: string, default: hunter2hunter2}}\n"
    problem = advice(text)["secret-value"]
    assert problem.path == "inputs.db_password.default"
    assert "hunter2" not in problem.message
    assert digest_of("hunter2hunter2") in problem.message


@pytest.mark.parametrize(
    "part", ["-eyJ", "-eyJ.", "://a:", "AccountKey=  ", "?sig=", "password=a", "-----BEGIN ", "ghp_"]
)
def test_no_text_makes_the_search_slow(part: str) -> None:
    started = time.monotonic()
    list(secrets_in(part * (65536 // len(part))))
    assert time.monotonic() - started < 2
