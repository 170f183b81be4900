"""Half a credential, or one with a part nobody reads, is named before anything tries to sign in with it."""

from __future__ import annotations

import pytest

from mlopsportal.azureml.configured import PARTS, problems

WHOLE = {"TENANT_ID": "t", "CLIENT_ID": "c", "CLIENT_SECRET": "s"}


def told(**parts: str) -> list[str]:
    return problems({f"MLOPSPORTAL_CREDENTIAL_PROD_{part}": value for part, value in parts.items()})


@pytest.mark.parametrize(
    "parts",
    [
        {},
        WHOLE,
        {"TENANT_ID": "t", "CLIENT_ID": "c", "CERTIFICATE_PATH": "/p"},
        {"TENANT_ID": "t", "CLIENT_ID": "c", "CERTIFICATE_PATH": "/p", "CERTIFICATE_PASSWORD": "w"},
        {"TENANT_ID": "t", "CLIENT_ID": "c", "WORKLOAD_IDENTITY_TOKEN_FILE": "/f"},
        {"MANAGED_IDENTITY": "1"},
        {"MANAGED_IDENTITY": "yes", "CLIENT_ID": "c"},
        {**WHOLE, "MANAGED_IDENTITY": "0"},
    ],
)
def test_a_whole_credential_has_no_problem(parts: dict[str, str]) -> None:
    assert told(**parts) == []


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"CLIENT_ID": "c", "CLIENT_SECRET": "s"}, "PROD lacks TENANT_ID"),
        ({"TENANT_ID": "t", "CLIENT_SECRET": "s"}, "PROD lacks CLIENT_ID"),
        ({"TENANT_ID": "t", "CLIENT_ID": "c"}, "PROD lacks one of CLIENT_SECRET or CERTIFICATE_PATH"),
        ({**WHOLE, "CLIENT_SECRET": ""}, "PROD lacks one of CLIENT_SECRET"),
        ({**WHOLE, "CERTIFICATE_PATH": "/p"}, "two ways, CLIENT_SECRET and CERTIFICATE_PATH"),
        ({**WHOLE, "MANAGED_IDENTITY": "on"}, "two ways, MANAGED_IDENTITY and CLIENT_SECRET"),
        ({**WHOLE, "CERTIFICATE_PASSWORD": "w"}, "CERTIFICATE_PASSWORD without a CERTIFICATE_PATH"),
        ({"MANAGED_IDENTITY": "perhaps"}, "must be on or off"),
    ],
)
def test_half_a_credential_is_named_with_what_it_takes(parts: dict[str, str], words: str) -> None:
    assert [words in sentence for sentence in told(**parts)] == [True]


@pytest.mark.parametrize("part", ["TENANT", "SECRET", "CLIENTID", "", "PASSWORD"])
def test_an_unknown_part_is_named_with_those_there_are(part: str) -> None:
    (sentence,) = told(**{part: "hidden"})
    assert f"MLOPSPORTAL_CREDENTIAL_PROD_{part}" in sentence
    assert all(known in sentence for known in PARTS)
    assert "hidden" not in sentence


def test_a_name_in_small_letters_would_never_be_read() -> None:
    (sentence,) = problems({"MLOPSPORTAL_CREDENTIAL_prod_TENANT_ID": "t"})
    assert "in capitals" in sentence
