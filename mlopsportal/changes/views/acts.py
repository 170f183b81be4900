"""What the reader of a change's page may do to it now, as buttons with the reason against each; the workflow is the
judge when one is pressed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse

from mlopsportal.accounts.roles import Permission, can
from mlopsportal.audit.actions import Actor
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import MOVES, RESUMABLE, REVISABLE, TERMINAL, State
from mlopsportal.changes.views.checklist import Checklist
from mlopsportal.changes.views.documents import ShownRevision


@dataclass(frozen=True)
class Act:
    """One button: a form that posts to `url`, or a link to a page that asks once more. Disabled where `why` says what
    stands against it; with a `plan_digest` it is about that plan only."""

    key: str
    word: str
    url: str
    tone: str = ""
    why: str = ""
    is_link: bool = False
    plan_digest: str = ""

    @property
    def disabled(self) -> bool:
        return bool(self.why)


class May:
    """What one reader may do to a change as it stands."""

    def __init__(self, change: ChangeRequest, actor: Actor) -> None:
        self._change = change
        self._actor = actor

    def _has(self, permission: Permission) -> bool:
        return can(self._actor, permission, self._change.workspace)

    @property
    def _is_author(self) -> bool:
        return self._change.author_id == self._actor.user_id

    @cached_property
    def edit(self) -> bool:
        return self._change.state in REVISABLE and self._has(Permission.EDIT)

    @cached_property
    def comment(self) -> bool:
        return self._has(Permission.COMMENT)

    @cached_property
    def submit(self) -> bool:
        return self._change.state == State.DRAFT and (self._is_author or self._has(Permission.SUBMIT))

    @cached_property
    def apply(self) -> bool:
        """Has the reader the right to apply, whatever stands against it now?"""
        return self._has(Permission.APPLY)

    @cached_property
    def open_another(self) -> bool:
        return self._has(Permission.OPEN)

    @cached_property
    def withdraw(self) -> bool:
        """May the reader withdraw the change as it stands: its author or an admin, while nothing is being sent?"""
        if State.WITHDRAWN not in MOVES[State(self._change.state)]:
            return False
        return self._is_author or self._has(Permission.MANAGE)


def acts_of(
    change: ChangeRequest, may: May, revision: ShownRevision, checks: Checklist, *, is_moving: bool
) -> Iterator[Act]:
    """Give the buttons of the page, the one that leads on first; `is_moving`: a plan is being made just now."""
    state, number = State(change.state), change.number
    if may.submit:
        errors = any(problem.is_error for problem in revision.problems)
        why = "The documents have problems. Edit them first." if errors else ""
        yield Act("submit", "Ask for review", reverse("change-submit", args=[number]), "go", why)
    if state == State.APPROVED:
        why, digest = _why_not_apply(may, checks), change.plan_digest
        yield Act("apply", "Apply", reverse("change-apply", args=[number]), "go", why, plan_digest=digest)
    if state in RESUMABLE and may.apply:
        word = "Read the workspace again" if state == State.UNKNOWN else "Try the remaining steps again"
        yield Act("resume", word, reverse("change-resume", args=[number]), "go")
    if state == State.PARTIALLY_APPLIED and may.open_another:
        yield Act("compensate", "Take back what was sent", reverse("change-compensate", args=[number]))
    if state in REVISABLE and not is_moving and (may.apply or may.edit):
        tone = "go" if state == State.STALE else ""
        yield Act("replan", "Plan again", reverse("change-replan", args=[number]), tone)
    if may.withdraw:
        yield Act("withdraw", "Withdraw", reverse("change-withdraw", args=[number]), "danger", is_link=True)
    if state in TERMINAL - {State.APPLIED} and may.open_another:
        address = f"{reverse('change-new')}?{urlencode({'ws': change.workspace.slug, 'again': number})}"
        yield Act("again", "Open a new change with these documents", address, is_link=True)


def _why_not_apply(may: May, checks: Checklist) -> str:
    if not may.apply:
        return "It takes the role operator or admin in this workspace to apply."
    if checks.stops:
        return f"Checks stop it: {'; '.join(stop.reason for stop in checks.stops)}."
    return ""
