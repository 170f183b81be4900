"""What one step of a plan says to the people who read the page of a change; decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlopsportal.changes.models import Attempt, ChangeRequest, Document, Step
from mlopsportal.changes.scheduled import run_words
from mlopsportal.changes.scores import Scored
from mlopsportal.changes.states import StepAction, StepState
from mlopsportal.changes.wording import Line
from mlopsportal.specs import diff, documents, recurrence
from mlopsportal.specs.digest import ABSENT
from mlopsportal.specs.normalize import MAIN
from mlopsportal.specs.ref import InvalidRef, Ref
from mlopsportal.ui.templatetags.ui import ref_words

_SIGNS: Final = {
    StepAction.CREATE: ("+", "new", "add"),
    StepAction.RESTORE: ("+", "restored", "add"),
    StepAction.RUN: ("▶", "run", "add"),
    StepAction.DELETE: ("−", "deleted", "del"),
    StepAction.ARCHIVE: ("−", "archived", "del"),
    StepAction.CANCEL: ("■", "cancelled", "del"),
}


@dataclass(frozen=True)
class ShownStep:
    """A step of the plan as the page shows it."""

    row: Step
    attempts: tuple[Attempt, ...]
    impact: tuple[Line, ...] = ()
    score: Scored | Mapping[str, Any] | None = None  # the second as it was kept with the plan
    follows: Ref | None = None
    draft: Ref | None = None
    rivals: tuple[ChangeRequest, ...] = ()
    is_open: bool = True  # is the request itself shown, or loaded when somebody opens it?

    def __getattr__(self, name: str) -> Any:  # everything else is the row's own column
        return getattr(self.row, name)

    @property
    def is_there(self) -> bool:
        """Has the object a page once the change is applied?"""
        return self.row.action != StepAction.DELETE

    @property
    def changes(self) -> list[diff.Change]:
        """The differences from what is there, as values; none for a new object, whose request is all there is."""
        if self.row.before is None and self.row.method:
            return []
        return [diff.Change(**change) for change in self.row.changes]

    @property
    def lines(self) -> list[str]:
        """What was set right or turned into something else on the way from the document to the request, by line."""
        repairs = self.row.document.repairs if self.row.document else []
        notes = sorted([*repairs, *self.row.notes], key=lambda note: note.get("line") or 0)
        return list(dict.fromkeys(_line(note) for note in notes))

    @property
    def number(self) -> int:
        return self.row.position + 1

    @property
    def _mark(self) -> tuple[str, str, str]:
        if self.row.action == StepAction.STORE and self.row.base == ABSENT:
            return _SIGNS[StepAction.CREATE]
        return _SIGNS.get(StepAction(self.row.action), ("~", "changed", "chg"))

    @property
    def sign(self) -> str:
        return self._mark[0]

    @property
    def word(self) -> str:
        return self._mark[1]

    @property
    def tone(self) -> str:
        return self._mark[2]

    @property
    def is_pipeline(self) -> bool:
        return _part(self.row.after or self.row.before, "componentSpec").get("type") == "pipeline"

    @property
    def target(self) -> str:
        """The object in words: `pipeline churn_training 7`; of a new run, what it runs."""
        if self.row.action == StepAction.RUN and (pipeline := _pipeline_of_run(self.row.after or {})):
            return ref_words(pipeline, pipeline=True)
        try:
            return ref_words(Ref.parse(self.row.ref), pipeline=self.is_pipeline)
        except InvalidRef:
            return self.row.ref

    @property
    def words(self) -> str:
        return f"{self.row.get_action_display()} {self.target}"

    @property
    def summary(self) -> str:
        """What a reader must know before opening the request."""
        return " · ".join(self._summary())

    def _summary(self) -> Iterator[str]:
        if self.row.action == StepAction.RUN:
            yield from self._run_told()
            return
        yield from _told(self.row.after or {}) if self.row.before is None else ()
        if self.row.ref.startswith(("schedule:", "trigger:")) and (run := run_words(self.row.before, self.row.after)):
            yield run
        if self.row.verdict and self.row.before is not None:
            yield self.row.verdict
        if self.changes and self.row.before is not None:
            count = len(self.changes)
            yield f"{count} difference{'' if count == 1 else 's'} from what is there"
        if not self.row.method:
            yield "kept by the portal, nothing is sent to Azure"

    def _run_told(self) -> Iterator[str]:
        """Say with which inputs a run starts, those that were given first, and under which name."""
        inputs = _part(self.row.after, "inputs")
        given = [name for name in inputs if name in _inputs_asked(self.row.document)]
        told = {"given": given, "default": [name for name in inputs if name not in given]}
        for word, names in told.items():
            if names:
                values = ", ".join(f"{name} = {_input_words(inputs[name])}" for name in names)
                yield f"{word} {values}"
        yield "with its defaults" if self.row.with_defaults else "not as its defaults are"
        yield f"as run {self.row.ref.partition(':')[2]}"

    @property
    def weight(self) -> str:
        """How much it sends."""
        return "1 request" if self.row.method else "no request"

    @property
    def has_begun(self) -> bool:
        return self.row.state != StepState.PENDING

    @property
    def short_id(self) -> list[str]:
        """The ARM id below the workspace, in pieces: collection, name, collection, version, so that names stand out."""
        return self.row.arm_id.partition("/workspaces/")[2].split("/")[1:]

    @property
    def size(self) -> int:
        return len(self.row.payload_bytes)

    @property
    def body_text(self) -> str:
        """The body laid out for reading; what is sent are the compact bytes whose digest stands beside it."""
        payload = self.row.payload_bytes
        return json.dumps(json.loads(payload), indent=2, ensure_ascii=False) if payload else ""

    @property
    def anchor(self) -> str:
        return f"body-{self.row.position}"

    @property
    def differences_label(self) -> str:
        return f"Differences of {self.target}"

    @property
    def base_words(self) -> str:
        if not self.row.base:
            return ""
        if self.row.base == ABSENT:
            return "only if nothing of that name is there"
        return f"only if it is still what was planned against (fingerprint {self.row.base[:8]}…)"

    @property
    def state_word(self) -> str:
        return StepState(self.row.state).label


def _told(after: Mapping[str, Any]) -> Iterator[str]:
    """Say of a new object what it takes and gives, or when it fires."""
    spec = _part(after, "componentSpec")
    if jobs := _part(spec, "jobs"):
        yield f"{len(jobs)} step{'' if len(jobs) == 1 else 's'}"
    for direction in ("inputs", "outputs"):
        if ports := _part(spec, direction):
            yield f"{direction} {', '.join(sorted(ports))}"
    if trigger := _part(after, "trigger"):
        yield f"fires {recurrence.describe(trigger)}"


def _pipeline_of_run(after: Mapping[str, Any]) -> Ref | None:
    """Return the pipeline version a run executes; None for a run that carries its own graph."""
    text = _part(_part(after, "jobs"), MAIN).get("component")
    try:
        return Ref.parse(text) if isinstance(text, str) else None
    except InvalidRef:
        return None


def _inputs_asked(document: Document | None) -> Mapping[str, Any]:
    """Return the inputs that the document of a run gives; the others are the version's defaults."""
    return _part(documents.read(document.path, document.content).value, "inputs") if document is not None else {}


def _input_words(value: Any) -> str:
    found = value.get("uri", value.get("value", value)) if isinstance(value, Mapping) else value
    return found if isinstance(found, str) else json.dumps(found)


def _part(value: Any, key: str) -> Mapping[str, Any]:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _line(note: dict[str, Any]) -> str:
    """Return a repair or note as one line: where, what became what, and why."""
    where = f"line {note['line']}: " if note.get("line") else ""
    before, after = str(note.get("before") or ""), str(note.get("after") or "")
    became = f" ({before} → {after})" if before and after and before != after else ""
    return f"{where}{note.get('message', '')}{became}"
