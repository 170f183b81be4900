"""From checked documents to ordered steps: what each would write, against what is there now; writes no row.

A document becomes one or more requests (an inline environment comes before its component), or one write to the
portal's own tables, or nothing where the workspace is as wished. What cannot be planned becomes a problem of
its document; what only the workspace can answer is read live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlopsportal import azureml
from mlopsportal.changes.building_actions import action_drafts
from mlopsportal.changes.building_schedules import schedule_drafts, trigger_drafts
from mlopsportal.changes.building_versions import component_drafts
from mlopsportal.changes.drafts import Draft, Groundwork, Unplannable
from mlopsportal.changes.live import LiveWorkspace
from mlopsportal.specs.documents import Document, Kind, trigger_type
from mlopsportal.specs.lift import interfaces_for
from mlopsportal.specs.problems import Problem, Repair, Severity
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.validate import Judgement
from registry.models import Workspace


class Building:
    """One plan under way; `Groundwork` says what it is given."""

    def __init__(
        self,
        workspace: Workspace,
        live: LiveWorkspace,
        *,
        kept: Mapping[str, Ref],
        run_prefix: str,
        earlier_runs: Sequence[str],
    ) -> None:
        self.ground = Groundwork(workspace, live, kept, run_prefix, earlier_runs)
        self.problems: dict[str, list[Problem]] = {}

    @property
    def live(self) -> LiveWorkspace:
        return self.ground.live

    @property
    def drafts(self) -> list[Draft]:
        return self.ground.drafts

    @property
    def refs(self) -> dict[str, Ref]:
        """What the documents are called, by path."""
        return self.ground.refs

    @property
    def notes(self) -> dict[str, list[Repair]]:
        """What was set right in the documents, by path."""
        return self.ground.notes

    def build(self, judged: list[Judgement]) -> None:
        """Build the steps of documents without errors, in dependency order. Raises AzureError for a failed read."""
        self.ground.interfaces.update(interfaces_for([item.document for item in judged], self.live))
        for position, item in enumerate(judged):
            document = item.document
            self.live.go_on()
            try:
                self.drafts.extend(self._of(document, position))
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
            return action_drafts(self.ground, document, position)
        if document.kind is Kind.SCHEDULE:
            is_trigger = trigger_type(document.value) == "data"
            return (trigger_drafts if is_trigger else schedule_drafts)(self.ground, document)
        if document.kind in (Kind.COMMAND_COMPONENT, Kind.PIPELINE_COMPONENT, Kind.PIPELINE_JOB):
            return component_drafts(self.ground, document)
        raise Unplannable("kind-not-managed", f"A {document.kind} is not changed from here.", "Remove the document.")
