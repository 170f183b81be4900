"""The steps of a plan put to its checks: what each is about, and what the mirror and the clock say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from mlopsportal.changes import checks
from mlopsportal.changes.building import Building
from mlopsportal.changes.drafts import Draft
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import StepAction
from mlopsportal.specs import recurrence
from mlopsportal.specs.checks.context import Surroundings
from mlopsportal.specs.practices import Level
from mlopsportal.specs.validate import Judgement
from registry.models import Use
from scheduling.models import Schedule


def checked(
    change: ChangeRequest, building: Building, judged: Sequence[Judgement], levels: Mapping[str, Level]
) -> list[checks.Check]:
    """Return the outcome of every check that is not off; none for a plan without steps."""
    if not building.drafts:
        return []
    now, documents = timezone.now(), {item.document.path: item.document for item in judged}
    subjects = [
        checks.Subject(
            str(draft.ref),
            str(draft.action),
            documents[draft.path],
            draft.value,
            _used_by(change, draft),
            _fires_in(draft, now),
        )
        for draft in building.drafts
    ]
    around = Surroundings(documents, building.live, now)
    return checks.run_all(subjects, [*documents.values()], around, levels)


def _fires_in(draft: Draft, now: datetime) -> timedelta | None:
    """How long until the schedule first fires; None for what is no schedule, is paused, or never fires."""
    trigger = draft.value.get("trigger")
    if draft.request is None or not isinstance(trigger, Mapping) or draft.value.get("is_enabled") is False:
        return None
    fires = recurrence.fires(trigger, now, 1)
    return fires[0] - now if fires else None


def _used_by(change: ChangeRequest, draft: Draft) -> tuple[str, ...]:
    """What the mirror knows to use an object that is archived or deleted; a hint, not a lock."""
    ref, workspace = draft.ref, change.workspace
    if draft.action is not StepAction.ARCHIVE or ref.version is None:
        return ()
    schedules = Schedule.objects.filter(workspace=workspace, pipeline_ref=str(ref), missing_since=None)
    uses = Use.objects.filter(workspace=workspace, kind=ref.kind, name=ref.name, version=ref.version)
    return (
        *(f"schedule:{name}" for name in schedules.values_list("name", flat=True)[:5]),
        *(
            f"component:{name}:{version}"
            for name, version in uses.values_list("consumer__name", "consumer__version")[:5]
        ),
    )
