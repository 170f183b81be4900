"""From checked documents to ordered steps: what each would write, against what is there now; writes no row.

A document becomes one or more requests (an inline environment comes before its component), or one write to the
portal's own tables, or nothing where the workspace is as wished. What cannot be planned becomes a problem of
its document; what only the workspace can answer is read live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from mlopsportal import azureml
from mlopsportal.changes import arriving, bundling, storing
from mlopsportal.changes.composing import Pipeline, job_of, missing_inputs
from mlopsportal.changes.live import Json, LiveWorkspace, interface_of_raw, properties_of
from mlopsportal.changes.states import StepAction
from mlopsportal.specs import digest, normalize
from mlopsportal.specs.diff import diff
from mlopsportal.specs.documents import Document, Kind, trigger_type
from mlopsportal.specs.interface import Comparison, Interface, compare_components, interface_of
from mlopsportal.specs.lift import interfaces_for, lift, run_defaults_of, with_file_references
from mlopsportal.specs.paths import local_path
from mlopsportal.specs.problems import Problem, Repair, Severity
from mlopsportal.specs.ref import Ref, parse_azure_reference, ref_of_arm_id
from mlopsportal.specs.validate import Judgement
from registry.models import Workspace

RUN_EXTRAS: Final = frozenset({"inputs", "compute", "experiment_name", "force_rerun"})
"""What makes a run more than its version with its defaults: it then takes a review."""
_ARM_ACTIONS: Final = frozenset({"archive", "restore", "enable", "disable", "delete", "cancel"})


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


class Building:
    """One plan under way. `kept` are the versions that an earlier plan of the same revision has fixed, by path;
    `run_prefix` begins the names of its runs; `earlier_runs` are the runs that earlier revisions have started."""

    def __init__(
        self,
        workspace: Workspace,
        live: LiveWorkspace,
        *,
        kept: Mapping[str, Ref],
        run_prefix: str,
        earlier_runs: Sequence[str],
    ) -> None:
        self.workspace = workspace
        self.live = live
        self.kept = kept
        self.run_prefix = run_prefix
        self.earlier_runs = earlier_runs
        self.drafts: list[Draft] = []
        self.problems: dict[str, list[Problem]] = {}
        self.refs: dict[str, Ref] = {}
        self.notes: dict[str, list[Repair]] = {}
        self._pipelines: dict[Ref, Pipeline] = {}
        self._interfaces: Mapping[Ref, Interface] = {}

    def build(self, judged: list[Judgement]) -> None:
        """Build the steps of documents without errors, in dependency order. Raises AzureError for a failed read."""
        self._interfaces = interfaces_for([item.document for item in judged], self.live)
        for position, item in enumerate(judged):
            document = item.document
            self.live.go_on()
            try:
                self.drafts += self._of(document, position)
            except Unplannable as error:
                self._add_problem(document, error)
            except azureml.CompileError as error:
                fix = "Change the document as the message says."
                self._add_problem(document, Unplannable("compile", error.message, fix, error.path))
        self._refuse_doubles()

    def _add_problem(self, document: Document, error: Unplannable) -> None:
        place = document.parsed.nearest(error.path)
        line, column = place if place is not None else (None, None)
        problem = Problem(error.code, error.path, line, column, Severity.ERROR, error.message, error.fix)
        self.problems.setdefault(document.path, []).append(problem)

    def _refuse_doubles(self) -> None:
        seen: dict[Ref, str] = {}
        for draft in self.drafts:
            if draft.ref in seen and seen[draft.ref] != draft.path:
                message = f"{seen[draft.ref]} changes {draft.ref} too: the second step would find the first one's work."
                fix = "Put the second wish into a change of its own."
                problem = Problem("two-steps-on-one-object", "", None, None, Severity.ERROR, message, fix)
                self.problems.setdefault(draft.path, []).append(problem)
            seen.setdefault(draft.ref, draft.path)

    def _of(self, document: Document, position: int) -> Iterator[Draft]:
        if document.kind is Kind.ACTION:
            return self._action(document, position)
        if document.kind is Kind.SCHEDULE:
            return self._trigger(document) if trigger_type(document.value) == "data" else self._schedule(document)
        if document.kind in (Kind.COMMAND_COMPONENT, Kind.PIPELINE_COMPONENT, Kind.PIPELINE_JOB):
            return self._component(document)
        raise Unplannable("kind-not-managed", f"A {document.kind} is not changed from here.", "Remove the document.")

    # Components and pipelines

    def _component(self, document: Document) -> Iterator[Draft]:
        ref = document.ref
        if ref is None:
            raise Unplannable("name-missing", "The document names nothing.", "Add `name:`.")
        value, notes = with_file_references(document.value, document, self.refs)
        value, ref, lifted = self._versioned(document, ref, value)
        self.refs[document.path] = ref
        notes += lifted
        self.notes[document.path] = notes
        if document.kind.is_pipeline:
            defaults = run_defaults_of(value.get("properties"))
            self._pipelines[ref] = Pipeline(ref, defaults, interface_of(value), is_new=self.live.read(ref) is None)
        kind = "pipeline" if document.kind.is_pipeline else "component"
        requests = self.live.connection.compile([azureml.CompileInput(ref, kind, value)])
        comparison = self._compared(ref, value)
        for request in requests:
            made = ref_of_arm_id(request.arm_id) or ref
            draft = self._version_step(document, made, request)
            if draft is None or self._is_planned(draft):
                continue
            if made == ref:
                shown = tuple(dict(note.as_json()) for note in notes)
                draft = replace(draft, value=value, notes=shown, comparison=comparison)
            yield draft

    def _is_planned(self, draft: Draft) -> bool:
        """Two documents may need the same unnamed environment; one request makes it for both."""
        return any(draft.ref == other.ref and draft.request == other.request for other in self.drafts)

    def _versioned(self, document: Document, ref: Ref, value: Json) -> tuple[Json, Ref, list[Repair]]:
        """Return the value as a component with its version fixed, the version's name, and the notes of a lift.

        A version that the document leaves open is the one an earlier plan chose, else the newest when that is
        the same already, else the next free whole number.
        """
        version = ref.version or (self.kept[document.path].version if document.path in self.kept else None)
        if version is None:
            version = self._next_version(document, ref, value)
        ref = ref.at(version)
        if document.kind is not Kind.PIPELINE_JOB:
            return {**value, "version": version}, ref, []
        made = lift(value, path=document.path, version=version, interfaces=self._interfaces, parsed=document.parsed)
        return made.component, ref, made.notes

    def _next_version(self, document: Document, ref: Ref, value: Json) -> str:
        versions = self.live.versions("component", ref.name)
        if versions:
            newest = ref.at(versions[0])
            candidate = value
            if document.kind is Kind.PIPELINE_JOB:
                candidate = lift(
                    value, path=document.path, version=versions[0], interfaces=self._interfaces, parsed=document.parsed
                ).component
            kind = "pipeline" if document.kind.is_pipeline else "component"
            *_, last = self.live.connection.compile([azureml.CompileInput(newest, kind, candidate)])
            raw = self.live.read(newest)
            if raw is not None and same_content(raw, last.body or {}):
                return versions[0]
        numbers = [int(version) for version in versions if version.isascii() and version.isdigit()]
        return str(max(numbers, default=0) + 1)

    def _version_step(self, document: Document, ref: Ref, request: azureml.Request) -> Draft | None:
        """The step that makes a version; None when it is there already with the same content."""
        raw, body = self.live.read(ref), dict(request.body or {})
        if raw is None:
            after = normalize.normalized(ref.kind, body)
            return Draft(ref, StepAction.CREATE, document.path, request, digest.ABSENT, None, after)
        if same_content(raw, body):
            return None
        numbers = [int(name) for name in self.live.versions(ref.kind, ref.name) if name.isascii() and name.isdigit()]
        free = str(max(numbers, default=0) + 1)
        message = f"{ref.kind} {ref.name}: version {ref.version} exists with other content; use version {free}."
        raise Unplannable("version-exists", message, f"Write `version: {free}`.", "version")

    def _compared(self, ref: Ref, value: Mapping[str, Any]) -> Comparison | None:
        """Compare with the newest other version; None when there is none."""
        for version in self.live.versions("component", ref.name):
            raw = self.live.read(ref.at(version)) if version != ref.version else None
            spec = properties_of(raw).get("componentSpec") if raw is not None else None
            if isinstance(spec, Mapping):
                return compare_components(spec, value)
        return None

    # Schedules and triggers

    def _schedule(self, document: Document) -> Iterator[Draft]:
        value = dict(document.value)
        ref = Ref("schedule", str(value["name"]))
        value["create_job"] = self._created_job(document, value.get("create_job"))
        raw, notes = self.live.read(ref), []
        if raw is not None and properties_of(raw).get("isEnabled") is False and "is_enabled" not in value:
            value["is_enabled"] = False
            notes.append({"code": "stays-paused", "message": f"{ref} is paused and stays so; enable it by an action."})
        *before, request = self.live.connection.compile([azureml.CompileInput(ref, "schedule", value)])
        for earlier in before:
            draft = self._version_step(document, ref_of_arm_id(earlier.arm_id) or ref, earlier)
            if draft is not None and not self._is_planned(draft):
                yield draft
        self.refs[document.path] = ref
        action = StepAction.CREATE if raw is None else StepAction.UPDATE
        yield from self._changing(document, ref, action, request, value=value, notes=tuple(notes))

    def _created_job(self, document: Document, create_job: Any) -> Any:
        """Return what the schedule starts in the form the compiler takes: a one-node job, or a run to repeat."""
        asked: Mapping[str, Any] = create_job if isinstance(create_job, Mapping) else {}
        if isinstance(asked.get("job"), Mapping):
            asked = {**asked["job"], **{key: item for key, item in asked.items() if key != "job"}}
        if isinstance(asked.get("jobs"), Mapping):
            job = {"experiment_name": self._experiment_of(asked), **asked}
            return job if job.get("settings") else {**job, "settings": self._default_settings()}
        named = create_job if isinstance(create_job, str) else asked.get("job")
        if not isinstance(named, str):
            raise Unplannable("schedule-job-missing", "The schedule names no job.", "Name a pipeline.", "create_job")
        pipeline = self._named_pipeline(document, named)
        if pipeline is None:
            return named
        return self._job(pipeline, asked, "create_job")

    def _experiment_of(self, job: Mapping[str, Any]) -> str:
        node = normalize.unwrap_main(job.get("jobs"))
        reference = parse_azure_reference(str((node or {}).get("component", "")), "component")
        return reference.name if reference is not None else "Default"

    def _default_settings(self) -> Json:
        compute = self.workspace.default_compute
        return {"default_compute": f"azureml:{compute}"} if compute else {}

    def _named_pipeline(self, document: Document, named: str) -> Pipeline | None:
        """Return the pipeline version meant by a path or a reference; None for `azureml:<run>`."""
        path = local_path(document.path, named)
        if path is not None:
            if path not in self.refs:
                raise Unplannable("file-missing", f"{named} is not planned in this change.", "Add it.", "create_job")
            return self._pipeline(self.refs[path])
        reference = parse_azure_reference(named, "component")
        if reference is None or reference.kind != "component" or reference.version is None or reference.registry:
            return None
        return self._pipeline(Ref("component", reference.name, reference.version))

    def _pipeline(self, ref: Ref) -> Pipeline:
        if ref not in self._pipelines:
            raw = self.live.read(ref)
            if raw is None:
                raise Unplannable("reference-unknown", f"There is no {ref}.", "Look for a typing error.")
            properties = properties_of(raw).get("properties")
            defaults = run_defaults_of(properties if isinstance(properties, Mapping) else None)
            self._pipelines[ref] = Pipeline(ref, defaults, interface_of_raw(raw))
        return self._pipelines[ref]

    def _job(self, pipeline: Pipeline, asked: Mapping[str, Any], path: str) -> Json:
        job = job_of(pipeline, asked, default_compute=self.workspace.default_compute)
        missing = missing_inputs(pipeline, job)
        if missing:
            message = f"{pipeline.ref} needs a value for {', '.join(missing)}, and has no default for it."
            raise Unplannable("input-missing", message, "Add it below `inputs:`.", path)
        return job

    def _trigger(self, document: Document) -> Iterator[Draft]:
        value = document.value
        ref = Ref("trigger", str(value["name"]))
        create_job = value.get("create_job")
        named = create_job.get("job") if isinstance(create_job, Mapping) else create_job
        pipeline = self._named_pipeline(document, named) if isinstance(named, str) else None
        if pipeline is None:
            raise Unplannable("schedule-job-missing", "The trigger names no pipeline.", "Name one.", "create_job")
        before = storing.current(self.workspace, ref.name)
        after = {
            "display_name": str(value.get("display_name") or ""),
            "description": str(value.get("description") or ""),
            "type": "data",
            "spec": {key: item for key, item in value["trigger"].items() if key != "type"},
            "pipeline_ref": str(pipeline.ref),
            "is_enabled": before["is_enabled"] if before is not None else True,
        }
        self.refs[document.path] = ref
        yield from self._storing(document, ref, before, after)

    def _storing(self, document: Document, ref: Ref, before: Json | None, after: Json | None) -> Iterator[Draft]:
        if before == after:
            return
        action = StepAction.DELETE if after is None else StepAction.STORE
        note = {"code": "trigger-stored", "message": "The portal keeps this trigger; it does not fire yet."}
        notes = (note,) if after is not None else ()
        yield Draft(ref, action, document.path, None, storing.fingerprint(before), before, after, document.value, notes)

    # Actions on what exists

    def _action(self, document: Document, position: int) -> Iterator[Draft]:
        verb, target = bundling.action_of(document), Ref.parse(str(document.value["target"])).without_workspace()
        if verb == "run":
            return self._run(document, target, position)
        if target.kind == "trigger":
            return self._trigger_action(document, target, str(verb))
        if verb in _ARM_ACTIONS:
            return self._arm_action(document, target, str(verb))
        raise Unplannable("action-unknown", f"`{verb}` is not an action.", "Write one that is.", "action")

    def _arm_action(self, document: Document, target: Ref, verb: str) -> Iterator[Draft]:
        raw = self.live.read(target)
        if raw is None:
            raise Unplannable("reference-unknown", f"There is no {target}.", "Look for a typing error.", "target")
        self.refs[document.path] = target
        if verb == "cancel" and arriving.has_ended(raw):
            return
        if verb == "delete" and properties_of(raw).get("isEnabled") is not False:
            yield from self._pausing_and_deleting(document, target)
            return
        yield from self._changing(document, target, StepAction(verb), self._compiled(target, verb), value={})

    def _compiled(self, target: Ref, verb: str) -> azureml.Request:
        requests = self.live.connection.compile([azureml.CompileInput(target, verb)])
        if len(requests) != 1:
            raise Unplannable("compile", f"{verb} {target} is not one request but {len(requests)}.", "", "action")
        return requests[0]

    def _pausing_and_deleting(self, document: Document, target: Ref) -> Iterator[Draft]:
        """Azure ML deletes only what is paused: the second step's base is what the first one leaves."""
        [pause] = self._changing(document, target, StepAction.DISABLE, self._compiled(target, "disable"), value={})
        yield pause
        body = dict(pause.request.body or {}) if pause.request is not None else {}
        base = digest.fingerprint(target.kind, body)
        request = self._compiled(target, "delete")
        yield Draft(target, StepAction.DELETE, document.path, request, base, pause.after, None)

    def _changing(
        self,
        document: Document,
        ref: Ref,
        action: StepAction,
        request: azureml.Request,
        *,
        value: Mapping[str, Any],
        notes: tuple[Json, ...] = (),
    ) -> Iterator[Draft]:
        """The step that changes something in place; none when it is already so."""
        raw = self.live.read(ref)
        before = None if raw is None else normalize.normalized(ref.kind, raw)
        after = normalize.normalized(ref.kind, dict(request.body)) if request.body is not None else None
        if action is StepAction.CANCEL:
            before, after = {"status": arriving.status_of(raw)}, {"status": "Canceled"}
        if before is not None and after is not None and arriving.is_as_sent(after, before):
            return
        base = arriving.base_of(action, ref.kind, raw)
        yield Draft(ref, action, document.path, request, base, before, after, value, notes)

    def _trigger_action(self, document: Document, target: Ref, verb: str) -> Iterator[Draft]:
        before = storing.current(self.workspace, target.name)
        if before is None:
            raise Unplannable("reference-unknown", f"There is no {target}.", "Look for a typing error.", "target")
        self.refs[document.path] = target
        after = None if verb == "delete" else {**before, "is_enabled": verb == "enable"}
        yield from self._storing(document, target, before, after)

    def _run(self, document: Document, target: Ref, position: int) -> Iterator[Draft]:
        value = document.value
        pipeline = self._pipeline(target)
        job = self._job(pipeline, {"display_name": f"{target.name} {target.version}", **value}, "inputs")
        ref = Ref("run", str(value.get("name") or f"{self.run_prefix}s{position + 1}"))
        self.refs[document.path] = ref
        raw = self.live.read(ref)
        *_, request = self.live.connection.compile([azureml.CompileInput(ref, "run", job)])
        after = normalize.normalized("run", dict(request.body or {}))
        if raw is not None:
            if not value.get("name") and arriving.is_started(after, raw):
                return  # an earlier plan of this revision was applied so far
            raise Unplannable(
                "run-exists", f"There is a run called {ref.name} already.", "Choose another name.", "name"
            )
        as_it_is = not pipeline.is_new and not RUN_EXTRAS & value.keys()
        yield Draft(
            ref,
            StepAction.RUN,
            document.path,
            request,
            digest.ABSENT,
            None,
            after,
            job,
            notes=self._notes_on_run(),
            with_defaults=as_it_is,
        )

    def _notes_on_run(self) -> tuple[Json, ...]:
        if not self.earlier_runs:
            return ()
        names = ", ".join(self.earlier_runs)
        message = f"An earlier revision of this change has started {names} already; this is one more run."
        return ({"code": "runs-again", "message": message},)


def same_content(raw: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Say whether a live version is what `body` would make: same definition, same run defaults. Texts aside."""
    if normalize.definition_of_version(raw) != normalize.definition_of_version(body):
        return False
    return _run_defaults(raw) == _run_defaults(body)


def _run_defaults(raw: Mapping[str, Any]) -> Json:
    properties = properties_of(raw).get("properties")
    return run_defaults_of(properties if isinstance(properties, Mapping) else None)
