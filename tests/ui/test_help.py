from __future__ import annotations

import pytest
from django.test import Client

from mlopsportal.specs.codes import CODES
from mlopsportal.ui.glossary import WORDS

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.urls("tests.ui.gallery")]


def test_the_help_explains_every_word_and_the_keys(client: Client) -> None:
    page = client.get("/help/").content.decode()
    assert all(f">{word}</dt>" in page for word, _ in WORDS)
    assert "<kbd>?</kbd>" in page


def test_every_check_is_listed(client: Client) -> None:
    page = client.get("/help/checks/").content.decode()
    assert all(f'href="/help/checks/{code}/"' in page for code in CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_check_has_its_page(client: Client, code: str) -> None:
    page = client.get(f"/help/checks/{code}/")
    assert page.status_code == 200
    assert CODES[code].title in page.content.decode().replace("&#x27;", "'").replace("&quot;", '"').replace(
        "&amp;", "&"
    )


def test_a_code_that_is_none_is_not_there(client: Client) -> None:
    assert client.get("/help/checks/no-such-code/").status_code == 404
