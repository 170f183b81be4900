"""One step to be, made from a request and what is there now, and what the steps of a plan share; writes no row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlopsportal import azureml
from mlopsportal.changes import arriving, storing
from mlopsportal.changes.composing import Pipeline
from mlopsportal.changes.live import Json, LiveWorkspace, properties_of
from mlopsportal.changes.states import StepAction
from mlopsportal.specs import digest, normalize
from mlopsportal.specs.diff import diff
from mlopsportal.specs.documents import Document
from mlopsportal.specs.interface import Comparison, Interface
from mlopsportal.specs.lift import run_defaults_of
from mlopsportal.specs.problems import Repair
from mlopsportal.specs.ref import Ref
from registry.models import Workspace


class Unplannable(Exception):
    """A document that cannot become steps; carries the problem."""

    def __init__(self, code: str, message: str, fix: str, path: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.fix, self.path = code, message, fix, path


@dataclass(frozen=True)
class Draft:
    """One step to be: `request` is None for a write to the portal's own tables. `value` is what was compiled."""

    ref: Ref
    action: StepAction
    path: str
    request: azureml.Request | None
    base: str
    before: Json | None
    after: Json | None
    value: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Json, ...] = ()
    comparison: Comparison | None = None
    with_defaults: bool = False

    @property
    def changes(self) -> list[Any]:
        return [change.as_json() for change in diff(self.before or {}, self.after or {})]


@dataclass(frozen=True)
class Groundwork:
    """What the steps of one plan are built on, filled as they are built: `drafts` in their order; by path, `refs` are
    what the documents are called and `notes` what was set right in them; `pipelines` are those that were looked at.

    `kept` are the versions that an earlier plan of the same revision has fixed, by path; `run_prefix` begins the names
    of its runs; `earlier_runs` are the runs that earlier revisions have started."""

    workspace: Workspace
    live: LiveWorkspace
    kept: Mapping[str, Ref]
    run_prefix: str
    earlier_runs: Sequence[str]
    drafts: list[Draft] = field(default_factory=list)
    refs: dict[str, Ref] = field(default_factory=dict)
    notes: dict[str, list[Repair]] = field(default_factory=dict)
    pipelines: dict[Ref, Pipeline] = field(default_factory=dict)
    interfaces: dict[Ref, Interface] = field(default_factory=dict)


def is_planned(ground: Groundwork, draft: Draft) -> bool:
    """Two documents may need the same unnamed environment; one request makes it for both."""
    return any(draft.ref == other.ref and draft.request == other.request for other in ground.drafts)


def version_draft(ground: Groundwork, document: Document, ref: Ref, request: azureml.Request) -> Draft | None:
    """The step that makes a version; None when it is there already with the same content."""
    raw, body = ground.live.read(ref), dict(request.body or {})
    if raw is None:
        after = normalize.normalized(ref.kind, body)
        return Draft(ref, StepAction.CREATE, document.path, request, digest.ABSENT, None, after)
    if same_content(raw, body):
        return None
    numbers = [int(name) for name in ground.live.versions(ref.kind, ref.name) if name.isascii() and name.isdigit()]
    free = str(max(numbers, default=0) + 1)
    message = f"{ref.kind} {ref.name}: version {ref.version} exists with other content; use version {free}."
    raise Unplannable("version-exists", message, f"Write `version: {free}`.", "version")


def changing_drafts(
    ground: Groundwork,
    document: Document,
    ref: Ref,
    action: StepAction,
    request: azureml.Request,
    *,
    value: Mapping[str, Any],
    notes: tuple[Json, ...] = (),
) -> Iterator[Draft]:
    """The step that changes something in place; none when it is already so."""
    raw = ground.live.read(ref)
    before = None if raw is None else normalize.normalized(ref.kind, raw)
    after = normalize.normalized(ref.kind, dict(request.body)) if request.body is not None else None
    if action is StepAction.CANCEL:
        before, after = {"status": arriving.status_of(raw)}, {"status": "Canceled"}
    if before is not None and after is not None and arriving.is_as_sent(after, before):
        return
    base = arriving.base_of(action, ref.kind, raw)
    yield Draft(ref, action, document.path, request, base, before, after, value, notes)


def storing_drafts(document: Document, ref: Ref, before: Json | None, after: Json | None) -> Iterator[Draft]:
    """The step that writes a trigger into the portal's own tables; none when it is already so."""
    if before == after:
        return
    action = StepAction.DELETE if after is None else StepAction.STORE
    note = {"code": "trigger-stored", "message": "The portal keeps this trigger; it does not fire yet."}
    notes = (note,) if after is not None else ()
    yield Draft(ref, action, document.path, None, storing.fingerprint(before), before, after, document.value, notes)


def same_content(raw: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Say whether a live version is what `body` would make: same definition, same run defaults. Texts aside."""
    if normalize.definition_of_version(raw) != normalize.definition_of_version(body):
        return False
    return _run_defaults(raw) == _run_defaults(body)


def _run_defaults(raw: Mapping[str, Any]) -> Json:
    properties = properties_of(raw).get("properties")
    return run_defaults_of(properties if isinstance(properties, Mapping) else None)
