"""Secrets that people and services put where they do not belong: the log, the audit log and the queue hold none."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django_q.models import OrmQ

from mlopsportal.audit.models import Event
from mlopsportal.logs import JsonFormatter
from registry.models import StepLog, Workspace
from tests.security.routes import content_of, routes
from tests.security.test_isolation import member_of_everything
from tests.security.world import MINE, World, browser_of, documents_of, tables

CANARY = "Zy9canary8Xw7Vu6Ts5"
SECRETS = (
    f"https://store.blob.core.windows.net/c/b?sv=2024&sig={CANARY}%3D",
    f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={CANARY}Rq4Po3Nm2Lk1==",
    f"SharedAccessKey={CANARY}Rq4Po3Nm2Lk1=",
    f"Bearer {CANARY}.Rq4Po3Nm2Lk1.Ji0",
    f"https://someone:{CANARY}@host.invalid/x",
    f"eyJ{CANARY}.{CANARY}.{CANARY}",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
)


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """Every line that the log would hold, as it is written."""

    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_somebody_writes_down_is_in_no_log_and_in_no_event(
    world: World, secret: str, logged: StringIO
) -> None:
    client = browser_of(member_of_everything(world.mine))
    path, content = documents_of(MINE, 8)[0]
    text = content + f"environment_variables: {{PASSWORD: {json.dumps(secret)}}}\n"
    body = {"workspace": MINE, "title": secret[:200].replace("\n", " "), "description": secret}
    answer = client.post(
        "/api/v1/changes/", {**body, "documents": [{"path": path, "content": text}]}, content_type="application/json"
    )
    assert answer.status_code == 201
    number = answer.json()["number"]
    client.post(f"/api/v1/changes/{number}/comments/", {"comment": secret}, content_type="application/json")
    client.post(f"/api/v1/changes/{number}/withdraw/")
    client.get("/search/", {"q": secret[:200]})
    client.get("/w/nobody/", {"q": secret}, headers={"authorization": secret.replace("\n", " ")})
    logging.getLogger("portal").error("could not reach %s", secret)
    events = [(bytes(event.leaf).decode(), event.detail.__dict__) for event in Event.objects.select_related("detail")]
    assert any(str(number) in leaf for leaf, _ in events)
    assert CANARY not in repr(events)
    assert "could not reach" in logged.getvalue()
    assert CANARY not in logged.getvalue()
    assert CANARY not in repr(list(OrmQ.objects.values_list("payload", flat=True)))


def test_the_secret_of_a_credential_and_of_the_portal_is_on_no_page(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPSPORTAL_CREDENTIAL_PROD_CLIENT_SECRET", CANARY)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", CANARY)
    Workspace.objects.update(credential="prod")
    client = browser_of(world.root)
    for route in routes():
        text = content_of(route.get(client, world.mine)).decode()
        assert CANARY not in text, route
        assert settings.SECRET_KEY not in text, route


def test_the_address_of_a_log_is_kept_without_its_signature(world: World) -> None:
    assert StepLog.objects.exclude(text="").exists()
    assert "sig=" not in repr(list(StepLog.objects.values_list("name", "text", "message")))
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608  # a table of ours
            assert "sig=" not in repr(cursor.fetchall()), table


def test_a_token_is_kept_as_a_digest_only(world: World) -> None:
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608  # a table of ours
            assert world.secret[10:] not in repr(cursor.fetchall()), table
