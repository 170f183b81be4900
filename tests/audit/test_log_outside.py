from __future__ import annotations

import pytest

from mlopsportal.audit.actions import Action
from mlopsportal.audit.errors import OutsideTransaction
from mlopsportal.audit.log import record
from mlopsportal.audit.models import Event
from tests.audit.events import ALICE


def test_an_event_outside_a_transaction_is_refused(committed_db: None) -> None:
    with pytest.raises(OutsideTransaction):
        record(Action.SIGN_OUT, actor=ALICE, target="")
    assert not Event.objects.exists()
