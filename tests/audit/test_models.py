from __future__ import annotations

import pytest

from mlopsportal.audit.models import Event
from tests.audit.events import make_event

pytestmark = pytest.mark.django_db


def test_a_reader_sees_the_events_of_their_workspaces_only() -> None:
    here, there, site = make_event(), make_event(workspace="other"), make_event(workspace="")
    events = Event.objects.all()
    assert set(events.visible_to(frozenset({"demo"}))) == {here}
    assert set(events.visible_to(frozenset())) == set()
    assert set(events.visible_to(None)) == {here, there, site}
