"""Every operation of the OpenAPI document, asked with generated requests: it answers as the document says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.security.routes import argument
from tests.security.world import World

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = 26
EXAMPLES = 20
Operation = schemathesis.APIOperation[Any, Any, Any, Any]
Case = schemathesis.Case[Any]


@pytest.fixture(autouse=True)
def kept_connection() -> Iterator[None]:
    """The end of a request would close the connection, and with it the transaction of the test."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


def test_every_operation_answers_as_the_document_says(world: World) -> None:
    schema = from_wsgi("/api/v1/schema/?format=json", get_wsgi_application())
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) >= OPERATIONS
    told = [line for operation in operations for line in failures_of(operation, world)]
    assert told == []


def failures_of(operation: Operation, world: World) -> list[str]:
    """Ask with generated requests, every second time about something that is there; say what was wrong, each once."""
    wrong: dict[str, str] = {}
    turn = count()
    headers = {"Authorization": f"Bearer {world.secret}"}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Case) -> None:
        cache.clear()
        if next(turn) % 2:
            aim(case, world)
        with transaction.atomic():
            response = case.call(headers=headers)
            transaction.set_rollback(True)
        try:
            case.validate_response(response, checks=CHECKS, headers=headers)
        except (Failure, FailureGroup) as failure:
            wrong.setdefault(f"{operation.method} {operation.path}: {response.status_code}", str(failure))

    ask()
    return [f"{where}\n{what}" for where, what in wrong.items()]


def aim(case: Case, world: World) -> None:
    """Let the address name something that is there."""
    route = "api-schedule-detail" if "/schedules/" in case.operation.path else "api"
    for name in case.path_parameters or {}:
        case.path_parameters[name] = argument(route, "pk" if name == "id" else name, world.mine)
