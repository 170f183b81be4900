from __future__ import annotations

import time

import pytest

from mlopsportal.specs.secrets import digest_of, named_secret, secrets_in
from tests.specs.building import advice, problems

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
        "Server=tcp:x;User ID=me;Password=hunter2hunter2",
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
        ("connection_string", "Server=tcp:x;Initial Catalog=sales;Pwd={x}", True),
        ("TOKEN", "hunter2hunter2", True),
        ("hf_token", "hunter2hunter2", True),
        ("pad_token", "[PADDING]", False),
        ("max_token", "16384000", False),
        ("DB_SECRET_VALUE", "hunter2hunter2", True),
        ("secretary", "hunter2hunter2", False),
        ("password", "none", False),
    ],
)
def test_secrets_are_known_by_their_name(name: str, text: str, is_secret: bool) -> None:
    assert (named_secret(name, text) is not None) is is_secret


def test_a_password_may_be_a_number() -> None:
    text = "type: command\nname: c\nenvironment_variables: {DB_PASSWORD: 12345678, WORLD_SIZE: 12345678}\n"
    assert advice(text)["secret-value"].path == "environment_variables.DB_PASSWORD"


def test_a_secret_is_found_at_the_end_of_a_long_comment() -> None:
    text = f"type: command\n# {'x ' * 20_000}password: hunter2hunter2\n"
    assert advice(text)["secret-value"].line == 2


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


PEM = ("-----BEGIN RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEA", "u5qP/1w+Zk", "-----END RSA PRIVATE KEY-----")
ACCOUNT = "AccountKey=" + "Zm9vYmFyYmF6cXV4" * 3
HEAD = "type: command\nname: c\nversion: 1\ncommand: x\nenvironment: azureml:e:1\n"


def told(text: str) -> list[tuple[int | None, int | None, str]]:
    """Where secrets are found in a text; nothing that is said shows one."""
    found = problems(text)
    for problem in found:
        words = f"{problem.path} {problem.message} {problem.fix}"
        assert not any(part in words for part in (ACCOUNT[:25], "hunter2", PEM[1]))
    return [(item.line, item.column, item.path) for item in found if item.code == "secret-value"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (f"# {ACCOUNT}\n{HEAD}", [(1, 3, "")]),
        (f"{HEAD}# old: {ACCOUNT}\n", [(6, 8, "")]),
        (f"{HEAD}description: fine  # {ACCOUNT}\n", [(6, 22, "")]),
        (f"{HEAD}# password: hunter2hunter2\n", [(6, 13, "")]),
        (f"{HEAD}tags:\n  a: b  # api_key = 'hunter2hunter2'\n", [(7, 22, "")]),
        (f"{HEAD}# " + "\n# ".join(PEM) + "\n", [(6, 3, "")]),
        (f"{HEAD}tags:\n  {ACCOUNT}: yes\n", [(7, 3, "tags")]),
        (f"{HEAD}{ACCOUNT}: yes\n", [(6, 1, "")]),
        (f"{HEAD}version_: {ACCOUNT}\n", [(6, 1, "version_")]),
        (f"a: [\n# {ACCOUNT}\n", [(2, 3, "")]),
        (f"a: [\nb: {ACCOUNT}\n", [(2, 4, "")]),
        (f"{HEAD}description: '# {ACCOUNT}'\n", [(6, 1, "description")]),
        (f"{HEAD}# {ACCOUNT}\ndescription: {ACCOUNT}\n", [(6, 3, ""), (7, 1, "description")]),
        (f"{HEAD}# the password: see the vault\n", []),
        (f"{HEAD}# password: ${{{{inputs.password}}}}\n", []),
        (f'{HEAD}description: "Account\\x4bey={"Zm9v" * 8}"\n', [(6, 1, "description")]),
    ],
)
def test_secrets_are_found_wherever_they_stand_and_never_shown(
    text: str, places: list[tuple[int | None, int | None, str]]
) -> None:
    assert told(text) == places


def test_other_words_about_a_secret_do_not_show_it() -> None:
    for text in (
        f"{HEAD}trigger_{ACCOUNT}: 1\n",
        f"{HEAD.replace('version: 1', f'version: {ACCOUNT}')}",
        f"{HEAD}a: !{ACCOUNT} 1\n",
    ):
        assert told(text)


def test_one_key_has_one_hash_in_a_value_and_in_a_comment() -> None:
    value = "description: |\n  " + "\n  ".join(PEM) + "\n"
    found = problems(f"{HEAD}# " + "\n# ".join(PEM) + f"\n{value}")
    hashes = {problem.message.partition("begins with ")[2] for problem in found if problem.code == "secret-value"}
    assert len([problem for problem in found if problem.code == "secret-value"]) == 2
    assert len(hashes) == 1
    other = problems(f"{HEAD}{value.replace('u5qP', 'v6rQ')}")
    assert hashes.isdisjoint(problem.message.partition("begins with ")[2] for problem in other)


def test_a_megabyte_of_comments_is_searched_in_time() -> None:
    for part in ("# -eyJ", "# AccountKey=", "# password: aaaaaaaa", "# ://a:", "# -----BEGIN PRIVATE KEY-----"):
        line = part * (100 // len(part)) + "\n"
        started = time.process_time()
        problems(HEAD + line * (900_000 // len(line)))
        assert time.process_time() - started < 2, part
