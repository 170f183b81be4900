"""Applying an approved change: each step is read, written down, sent, read back; resumes from the rows alone.

The only caller of `Connection.send`. It takes a change's number and loads the approved bytes itself. Whatever
happens to a worker, the next one finds in the rows what was begun, and reads the object before it writes again:
an outcome is told by reading back, never by the answer alone, and an unknown one never by sending blindly.
"""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from mlopsportal import azureml
from mlopsportal.audit.actions import SYSTEM, Action
from mlopsportal.changes import arriving, attempts, storing
from mlopsportal.changes.arriving import Found
from mlopsportal.changes.claiming import Claim, claim, halted_state, park, release_locks, renew
from mlopsportal.changes.errors import LostClaim
from mlopsportal.changes.models import Attempt, ChangeRequest, Step
from mlopsportal.changes.moving import Facts, move, record
from mlopsportal.changes.planning import explain
from mlopsportal.changes.states import Outcome, State, StepAction, StepState
from mlopsportal.specs.ref import Ref
from registry.sync import refresh as refresh_registry
from scheduling.sync import refresh as refresh_schedule

Json = dict[str, Any]

SEND_TIMEOUT: Final = timedelta(seconds=20)
LOOKS_SECONDS: tuple[float, ...] = (0.0, 0.2, 0.5, 1.0, 2.0)
"""How long to wait before each look for what was sent, while the worker stays with it."""
SETTLE: timedelta = timedelta(seconds=50)
"""How long after an attempt its write may still land. A schedule is not written again before."""
VISIBLE: timedelta = timedelta(seconds=120)
"""How long an accepted write may stay invisible before it is sent again."""
READ_RETRY: timedelta = timedelta(seconds=15)
_AT_ONCE: Final = 2
"""How often a step is sent without a pause between."""
PATIENCE: timedelta = timedelta(hours=1)
"""How long a change may keep trying since it was started; then a person has to look."""


@dataclass(frozen=True)
class Park:
    """Stop for now, go on after a delay."""

    delay: timedelta
    reason: str


@dataclass(frozen=True)
class Halt:
    """Stop; a person decides how to go on. `step_state` None leaves the step as it is."""

    state: State
    reason: str
    step_state: StepState | None = None


Turn = Park | Halt | None
"""What came of a step: None when it has arrived."""


def apply_change(change_id: int) -> None:
    """Apply the change as far as it goes now. Calling it again, twice, or by two workers changes nothing twice."""
    held = claim(change_id)
    if held is None:
        return
    change = ChangeRequest.objects.select_related("workspace", "plan").get(pk=change_id)
    with suppress(LostClaim):  # another worker has it then: what this one began is in the rows
        try:
            connection = azureml.connect(change.workspace.target())
        except azureml.NotConfigured as error:
            _stop(held, change, None, Halt(State.FAILED, explain(error)))
            return
        with closing(connection):
            _Applying(held, change, connection).run()


class _Applying:
    """One worker's hold on one change."""

    def __init__(self, held: Claim, change: ChangeRequest, connection: azureml.Connection) -> None:
        self.held = held
        self.change = change
        self.connection = connection
        self.is_there = False

    def run(self) -> None:
        steps = list(Step.objects.filter(plan=self.change.plan).order_by("position"))
        for step in steps:
            if step.state == StepState.VERIFIED:
                continue
            turn = self._advance(step)
            if isinstance(turn, Park):
                self._park(step, turn)
                return
            if isinstance(turn, Halt):
                _stop(self.held, self.change, step, turn)
                return

    def _advance(self, step: Step) -> Turn:
        if not step.is_remote:
            return self._store(step)
        try:
            attempts.close_open(self.held, self.change, step)
            return self._resolve(step) if step.state == StepState.UNKNOWN else self._write(step)
        except (azureml.Throttled, azureml.Unreachable, azureml.BadResponse) as error:  # a read: nothing was sent
            delay = error.retry_after if isinstance(error, azureml.Throttled) else READ_RETRY
            return Park(delay, explain(error))
        except azureml.AzureError as error:
            if step.state == StepState.UNKNOWN:
                return Park(READ_RETRY, explain(error))
            return Halt(State.FAILED, explain(error), StepState.FAILED)

    # Writing

    def _write(self, step: Step) -> Turn:
        """Look, write down, send, look again. Raises AzureError from the first look only."""
        refusal = self._refusal(step)
        if refusal is not None:
            return refusal
        raw = self._read(step)
        found = self._look(step, raw)
        if found is Found.ARRIVED and (step.action == StepAction.CANCEL or step.attempts.exists()):
            return self._verify(step, raw, None)
        if found is not Found.BASE:
            return Halt(
                State.STALE, f"{step.ref} changed since the plan was made; nothing was written.", StepState.STALE
            )
        try:
            request = step.request
        except ValueError as error:
            return Halt(State.FAILED, str(error), StepState.FAILED)
        attempt = attempts.begin(self.held, self.change, step)
        return self._send(step, attempt, request)

    def _refusal(self, step: Step) -> Turn:
        if self.held.refusal:
            return Halt(State.FAILED, self.held.refusal)
        if attempts.since_queued(self.change, step) >= attempts.MOST_ATTEMPTS:
            reason = f"{step.ref} was sent {attempts.MOST_ATTEMPTS} times in vain. An operator has to look."
            return Halt(State.FAILED, reason, StepState.FAILED)
        return None

    def _send(self, step: Step, attempt: Attempt, request: azureml.Request) -> Turn:
        try:
            response = self.connection.send(request, timeout=SEND_TIMEOUT)
        except azureml.UnknownOutcome as error:
            self._end(step, attempt, Outcome.UNKNOWN, StepState.UNKNOWN, error)
            return self._resolve(step)
        except azureml.Throttled as error:
            self._end(step, attempt, Outcome.THROTTLED, StepState.PENDING, error)
            return Park(error.retry_after, explain(error))
        except azureml.Unreachable as error:
            self._end(step, attempt, Outcome.NOT_SENT, StepState.PENDING, error)
            return Park(_backoff(step), explain(error))
        except azureml.Conflict as error:
            self._end(step, attempt, Outcome.REFUSED, StepState.PENDING, error)
            return self._after_conflict(step, error)
        except azureml.AzureError as error:
            self._end(step, attempt, Outcome.REFUSED, StepState.FAILED, error)
            return Halt(State.FAILED, explain(error), StepState.FAILED)
        raw, found = self._await_arrival(step)
        if found is Found.ARRIVED:
            return self._verify(step, raw, attempt, response)
        message = f"Accepted ({response.status}), but not to be seen yet."
        attempts.end(
            self.held,
            self.change,
            step,
            attempt,
            Outcome.OK,
            to=StepState.UNKNOWN,
            message=message,
            status=response.status,
            request_id=response.request_id,
        )
        return self._unresolved(step, found)

    def _after_conflict(self, step: Step, error: azureml.AzureError) -> Turn:
        raw, found = self._await_arrival(step, looks=1)
        if found is Found.ARRIVED:
            return self._verify(step, raw, None)
        if found is Found.BASE:
            return Park(_backoff(step), explain(error))
        reason = f"{step.ref} is there already, with other content ({error})."
        return Halt(State.STALE, reason, StepState.STALE)

    def _end(self, step: Step, attempt: Attempt, outcome: Outcome, to: StepState, error: azureml.AzureError) -> None:
        attempts.end(
            self.held,
            self.change,
            step,
            attempt,
            outcome,
            to=to,
            message=str(error),
            status=error.status,
            request_id=error.request_id,
        )

    # Finding out

    def _resolve(self, step: Step) -> Turn:
        """Find out what became of an attempt whose outcome is unknown, by reading."""
        raw, found = self._await_arrival(step)
        if found is Found.ARRIVED:
            return self._verify(step, raw, None)
        return self._unresolved(step, found)

    def _unresolved(self, step: Step, found: Found | None) -> Turn:
        last = step.attempts.order_by("number").last()
        if last is None:
            return Halt(State.FAILED, f"{step.ref} is unknown without ever having been sent.", StepState.FAILED)
        age = timezone.now() - last.begun_at
        if found is Found.OTHER and age >= self._settle(step, last):
            return self._gone_elsewhere(step, last)
        if found is Found.BASE and age >= self._settle(step, last):
            attempts.forget_unknown(self.held, step)
            if attempts.since_queued(self.change, step) < _AT_ONCE:
                return self._write(step)
            return Park(_backoff(step), f"{step.ref} did not arrive; it is sent again.")
        if self._is_out_of_patience():
            return Halt(State.UNKNOWN, f"It could not be found out whether {step.ref} arrived.")
        return Park(timedelta(seconds=2), f"{step.ref} is being read until it is known whether it arrived.")

    def _settle(self, step: Step, attempt: Attempt) -> timedelta:
        """How long the write of the attempt may still land. A version is the same bytes whenever it lands."""
        if attempt.outcome == Outcome.OK:
            return VISIBLE
        return SETTLE if step.ref.startswith("schedule:") else timedelta()

    def _gone_elsewhere(self, step: Step, last: Attempt) -> Halt:
        """The object is neither as before nor as sent: a person looks, and who has looked once more gets on."""
        words = f"{step.ref} is neither as it was nor as it was sent."
        if self.change.queued_at is not None and last.begun_at < self.change.queued_at:
            return Halt(State.STALE, f"{words} Plan again against what is there.", StepState.STALE)
        return Halt(State.UNKNOWN, f"{words} Somebody else may have changed it: look, then resume.")

    def _await_arrival(self, step: Step, *, looks: int | None = None) -> tuple[Json | None, Found | None]:
        """Look until it has arrived or the looks are used up; the last thing found, None when no read succeeded."""
        raw: Json | None = None
        found: Found | None = None
        for seconds in LOOKS_SECONDS[:looks]:
            time.sleep(seconds)
            renew(self.held)
            try:
                raw = self._read(step)
            except azureml.AzureError:
                continue  # a failed read says nothing; not having found out is a state of its own
            found = self._look(step, raw)
            if found is Found.ARRIVED:
                break
        return raw, found

    def _read(self, step: Step) -> Json | None:
        """Read the step's object. In a workspace that is gone everything would seem to be absent: NotFound then."""
        raw = self.connection.reader.fingerprint_source(Ref.parse(step.ref))
        if raw is None and not self.is_there:
            self.connection.reader.workspace()
            self.is_there = True
        return raw

    def _look(self, step: Step, raw: Json | None) -> Found:
        kind = Ref.parse(step.ref).kind
        return arriving.look(
            action=step.action, kind=kind, base=step.base, before=step.before, after=step.after, raw=raw
        )

    # Finishing

    def _verify(
        self, step: Step, raw: Json | None, attempt: Attempt | None, response: azureml.Response | None = None
    ) -> Turn:
        """Mark the step as arrived, refresh the mirror from the read-back, and finish the change after its last
        step: one transaction."""
        with transaction.atomic():
            if attempt is not None and response is not None:
                attempts.end(
                    self.held,
                    self.change,
                    step,
                    attempt,
                    Outcome.OK,
                    to=StepState.SENDING,
                    status=response.status,
                    request_id=response.request_id,
                )
            elif step.attempts.exists():
                facts: Facts = {"step": step.position, "found": "arrived"}
                record(self.change, Action.CHANGE_RESOLVED, actor=SYSTEM, facts=facts)
            attempts.verified(self.held, step)
            self._refresh(step, raw)
            self._finish()
        return None

    def _refresh(self, step: Step, raw: Json | None) -> None:
        ref = Ref.parse(step.ref)
        if ref.kind == "schedule":
            refresh_schedule(self.change.workspace, ref.name, raw, timezone.now())
        else:
            refresh_registry(self.change.workspace, ref, raw)

    def _store(self, step: Step) -> Turn:
        """Write to the portal's own tables: begin, write and end are one transaction, so nothing can be unknown."""
        if self.held.refusal:
            return Halt(State.FAILED, self.held.refusal)
        name = Ref.parse(step.ref).name
        with transaction.atomic():
            before = storing.current(self.change.workspace, name)
            if storing.fingerprint(before) != step.base:
                reason = f"{step.ref} changed since the plan was made; nothing was written."
                return Halt(State.STALE, reason, StepState.STALE)
            attempt = attempts.begin(self.held, self.change, step)
            storing.write(self.change, name, before, step.after)
            attempts.end(self.held, self.change, step, attempt, Outcome.OK, to=StepState.SENDING)
            attempts.verified(self.held, step)
            self._finish()
        return None

    def _finish(self) -> None:
        """Set the change to applied when every step has arrived, in the caller's transaction."""
        if Step.objects.filter(plan=self.change.plan).exclude(state=StepState.VERIFIED).exists():
            return
        release_locks(self.change)
        ChangeRequest.objects.filter(pk=self.change.pk).update(lease_until=None, retry_at=None)
        facts: Facts = {"plan_digest": self.change.plan_digest, "fence": self.held.fence}
        move(self.change, State.APPLIED, actor=SYSTEM, facts=facts)

    def _is_out_of_patience(self) -> bool:
        started = self.change.queued_at
        return started is not None and timezone.now() - started > PATIENCE

    def _park(self, step: Step, turn: Park) -> None:
        if self._is_out_of_patience():
            state = State.UNKNOWN if step.state == StepState.UNKNOWN else State.FAILED
            _stop(self.held, self.change, step, Halt(state, f"{turn.reason} It was tried for an hour."))
            return
        park(self.held, until=timezone.now() + max(turn.delay, timedelta(seconds=1)), reason=turn.reason)


def _backoff(step: Step) -> timedelta:
    return timedelta(seconds=min(2 ** min(step.attempts.count(), 6), 60))


def _stop(held: Claim, change: ChangeRequest, step: Step | None, halt: Halt) -> None:
    """Give the change back to people: its state, the reason, the step's state; locks go, unless something may
    still be on its way."""
    with transaction.atomic():
        renew(held)
        if step is not None and halt.step_state is not None:
            Step.objects.filter(pk=step.pk).update(state=halt.step_state, error=halt.reason)
        to = halted_state(change, halt.state)
        if to != State.UNKNOWN:
            release_locks(change)
        ChangeRequest.objects.filter(pk=change.pk).update(lease_until=None, retry_at=None)
        move(change, to, actor=SYSTEM, reason=halt.reason, facts={"fence": held.fence})
