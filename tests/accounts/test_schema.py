from __future__ import annotations

import pytest
from django.test import Client

from tests.accounts.people import browser_of, make_user


@pytest.mark.django_db
def test_the_openapi_document_says_that_a_token_opens_the_door() -> None:
    client: Client = browser_of(make_user("alice"))
    document = client.get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi+json"}).json()
    assert document["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
    assert {"token": []} in document["paths"]["/api/v1/audit/"]["get"]["security"]
