"""One side of a comparison: what a reference names, as far as its reader may see it, as plain values.

A version, a run, a schedule or one of its past states, a document of a change; compares nothing.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser

from mlopsportal.accounts.models import User
from mlopsportal.changes.models import ChangeRequest, Document, Step
from mlopsportal.specs import documents as reading
from mlopsportal.specs import normalize
from mlopsportal.specs.ref import InvalidRef, Ref
from mlopsportal.ui.addresses import as_ref
from registry.models import AssetKind, Run, Version, Workspace
from registry.raw import body_of, raw_of
from registry.rendering import document_of, yaml_of
from scheduling.models import Schedule, ScheduleState

FORM = "In full it is workspace/kind:name:version, such as demo/component:train:3; a pipeline is a component."


class NotComparable(Exception):
    """A side that names nothing the reader may see; `side` is left or right, `reason` says what is wrong with it.

    `is_malformed`: the text is no reference at all, whoever reads it.
    """

    def __init__(self, side: str, text: str, reason: str, *, is_malformed: bool = False) -> None:
        super().__init__(f"{side}: “{text[:120]}” {reason}")
        self.side, self.text, self.reason, self.is_malformed = side, text, reason, is_malformed


@dataclass(frozen=True)
class Side:
    """One thing to compare. `definition` is what executes, `write` makes what a person reads; `run` is set for runs.

    `makes` is what a document of a change is about; None where it names nothing. `document` is that document.
    """

    ref: Ref
    workspace: Workspace
    definition: Mapping[str, Any]
    write: Callable[[], str]
    is_pipeline: bool = False
    run: Run | None = None
    makes: Ref | None = None
    document: Document | None = None

    @cached_property
    def text(self) -> str:
        """What a person reads; written when it is first asked for, since it takes as long as all the rest."""
        return self.write()

    @property
    def address(self) -> str:
        """The text of its ref with its workspace, for permalinks."""
        return str(self.ref.in_workspace(self.workspace.slug))

    def is_at(self, address: str) -> bool:
        """Does the text of a ref name this very thing? That of a change needs no workspace."""
        return address in (self.address, str(self.ref) if self.ref.kind == "change" else self.address)

    @property
    def words(self) -> tuple[str, str]:
        """Its name, and which of that name: ("train", "3"), ("weekly", "now"), ("a.yml of change 17", "revision 2")."""
        version = self.ref.version or ""
        if self.ref.kind == "change":
            number, _, revision = self.ref.name.partition("@")
            return f"{version} of change {number}", f"revision {revision}" if revision else "now"
        if self.ref.kind == "schedule":
            return self.ref.name, version.removeprefix("@")[:8] or "now"
        return ("run", self.ref.name) if self.ref.kind == "run" else (self.ref.name, version)

    @property
    def sort(self) -> str:
        """What it is in one word, by which two sides can be told to be of a kind; a pipeline is a component."""
        ref = (self.makes or self.ref) if self.ref.kind == "change" else self.ref
        return "component" if ref.kind in ("run", "change") else str(ref.kind)

    @property
    def called(self) -> str:
        """The name of what it is, that of what it makes where it is a draft."""
        return (self.makes or self.ref).name

    @property
    def has_interface(self) -> bool:
        """Is it a component or pipeline, or a draft of one?"""
        if self.ref.kind == "change" and self.sort == "component":
            return not self.definition.keys().isdisjoint(("inputs", "outputs", "jobs", "command"))
        return self.ref.kind == "component"


def side_of(side: str, text: str, user: User | AnonymousUser) -> Side:
    """Return what a ref with a workspace names. Raises NotComparable, for what is hidden as for what is not there."""
    try:
        ref = Ref.parse(text)
    except InvalidRef as error:
        raise NotComparable(side, text, f"is no reference: {error.reason}. {FORM}", is_malformed=True) from error
    found = _draft(ref, user) if ref.kind == "change" else _mirrored(side, text, ref, user)
    if found is None:
        raise NotComparable(side, text, "names nothing that the mirror knows.")
    return found


def _mirrored(side: str, text: str, ref: Ref, user: User | AnonymousUser) -> Side | None:
    if ref.workspace is None:
        message = "names no workspace: write workspace/kind:name:version."
        raise NotComparable(side, text, message, is_malformed=True)
    workspace = Workspace.objects.for_user(user).filter(slug=ref.workspace).first()
    if workspace is None:
        return None
    plain = ref.without_workspace()
    if ref.kind in AssetKind.values and ref.version is None:
        raise NotComparable(side, text, f"names no version. {FORM}", is_malformed=True)
    if ref.kind in AssetKind.values:
        return _version(workspace, plain)
    if ref.kind == "run":
        return _run(workspace, plain)
    return _schedule(workspace, plain) if ref.kind == "schedule" else None


def _version(workspace: Workspace, ref: Ref) -> Side | None:
    row = Version.objects.named(workspace, ref).select_related("definition", "part").first()
    if row is None or row.definition is None:
        return None
    raw = raw_of(row)

    def write() -> str:
        return yaml_of(document_of(row.kind, row.name, row.version, raw))

    return Side(row.ref, workspace, body_of(row.definition), write, row.is_pipeline)


def _run(workspace: Workspace, ref: Ref) -> Side | None:
    rows = Run.objects.filter(workspace=workspace, job_name=ref.name)
    row = rows.select_related("definition", "part", "pipeline__definition").first()
    if row is None or row.definition is None:
        return None
    version = row.pipeline
    definition = body_of(version.definition) if version and version.definition else body_of(row.definition)
    normal = normalize.normalized("run", raw_of(row))
    asked = {
        key: _without_name(normal[key], row.job_name) for key in ("inputs", "settings", "outputs") if key in normal
    }
    executed = {**definition, "run": asked}
    return Side(row.ref, workspace, executed, lambda: yaml_of(normal), bool(definition.get("jobs")), row)


def _without_name(value: Any, job_name: str) -> Any:
    """Return a value with the run's own name left open: Azure writes it into the path of each output."""
    if isinstance(value, Mapping):
        return {key: _without_name(item, job_name) for key, item in value.items()}
    return value.replace(job_name, "{run}") if isinstance(value, str) else value


def _schedule(workspace: Workspace, ref: Ref) -> Side | None:
    if ref.version and ref.version.startswith("@"):
        states = ScheduleState.objects.filter(workspace=workspace, name=ref.name, digest=ref.version[1:])
        state = states.order_by("-first_seen_at").first()
        raw = json.loads(zlib.decompress(bytes(state.raw))) if state else None
    else:
        row = Schedule.objects.filter(workspace=workspace, name=ref.name).select_related("part").first()
        raw = raw_of(row) if row else None
    if raw is None:
        return None
    normal = normalize.normalized("schedule", raw)
    return Side(ref, workspace, normalize.definition_of_schedule(raw), lambda: yaml_of(normal))


def _draft(ref: Ref, user: User | AnonymousUser) -> Side | None:
    number, _, revision = ref.name.partition("@")
    if not (_is_number(number, 15) and (not revision or _is_number(revision, 6))):
        return None
    change = ChangeRequest.objects.for_user(user).filter(pk=int(number)).select_related("workspace").first()
    if change is None:
        return None
    wanted = int(revision) if revision else change.revision_number
    rows = Document.objects.filter(revision__change=change, revision__number=wanted)
    found = list((rows.filter(path=ref.version) if ref.version else rows)[:2])
    if len(found) != 1:  # a change of one document may be named alone
        return None
    row = found[0]
    definition = _planned(row) or _written(row)
    content = row.content
    makes = as_ref(row.ref) if row.ref else None
    is_pipeline = bool(definition.get("jobs"))
    return Side(ref, change.workspace, definition, lambda: content, is_pipeline, makes=makes, document=row)


def _is_number(text: str, digits: int) -> bool:
    """Is a text a whole number of so many digits at most? "²" is a digit to Python, but no number."""
    return text.isascii() and text.isdigit() and len(text) <= digits


def _planned(row: Document) -> Mapping[str, Any]:
    """Return what the newest plan makes of a document, in the form of what is mirrored; empty without a plan."""
    step = Step.objects.filter(document=row, ref=row.ref).exclude(after=None).order_by("-plan").first()
    if step is None or not row.ref:
        return {}
    if row.ref.startswith("schedule:"):
        return normalize.definition_of_schedule({"properties": step.after})
    return normalize.definition_of_version({"properties": step.after}) if "componentSpec" in (step.after or {}) else {}


def _written(row: Document) -> Mapping[str, Any]:
    value = reading.read(row.path, row.content).value
    return normalize.definition_of_value(value) if isinstance(value, Mapping) else {}
