"""Any two things of the mirror compared: versions, runs, schedule states, drafts. Reads rows, asks what specs says.

Each side becomes a plain value: a text to read, a definition to compare, a graph where it has one.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser

from mlopsportal.accounts.models import User
from mlopsportal.changes.models import ChangeRequest, Document
from mlopsportal.specs import documents as reading
from mlopsportal.specs import normalize
from mlopsportal.specs.diff import Change, diff
from mlopsportal.specs.graph import Edge, Graph, Node, graph_of
from mlopsportal.specs.interface import Comparison, Reason, Verdict, compare_components, verdict_of
from mlopsportal.specs.ref import InvalidRef, Ref
from mlopsportal.specs.textdiff import Hunk, text_diff
from mlopsportal.ui.drawing import Drawing, drawing_of
from registry.models import AssetKind, Run, Version, Workspace
from registry.raw import body_of, raw_of
from registry.rendering import document_of, yaml_of
from scheduling.models import Schedule, ScheduleState


class NotComparable(Exception):
    """A side that names nothing the reader may see; `side` is left or right, `reason` says what is wrong with it."""

    def __init__(self, side: str, text: str, reason: str) -> None:
        super().__init__(f"{side}: “{text[:120]}” {reason}")
        self.side, self.text, self.reason = side, text, reason


@dataclass(frozen=True)
class Side:
    """One thing to compare. `definition` is what executes, `text` what a person reads."""

    ref: Ref
    workspace: Workspace
    definition: Mapping[str, Any]
    text: str
    is_pipeline: bool = False

    @property
    def address(self) -> str:
        """The text of its ref with its workspace, for permalinks."""
        return str(self.ref.in_workspace(self.workspace.slug))

    @property
    def has_interface(self) -> bool:
        return self.ref.kind in ("component", "change") and ("inputs" in self.definition or "jobs" in self.definition)


@dataclass(frozen=True)
class Compared:
    """Two sides and everything that differs between them."""

    left: Side
    right: Side

    @cached_property
    def changes(self) -> list[Change]:
        return diff(self.left.definition, self.right.definition)

    @cached_property
    def verdict(self) -> Comparison:
        """The verdict on the interface for components and pipelines; for the rest, whether anything differs."""
        if (self.left.ref.kind == "component" and self.right.ref.kind == "component") or self._are_drafts:
            return compare_components(self.left.definition, self.right.definition)
        if not self.changes:
            return verdict_of([])
        message = "Only components and pipelines have an interface that a verdict can be about."
        return verdict_of([Reason("no-interface", "", message, Verdict.UNKNOWN)])

    @property
    def _are_drafts(self) -> bool:
        return self.left.has_interface and self.right.has_interface

    @cached_property
    def hunks(self) -> list[Hunk]:
        return text_diff(self.left.text, self.right.text)

    @cached_property
    def has_graph(self) -> bool:
        return bool(self.left.definition.get("jobs")) or bool(self.right.definition.get("jobs"))

    @cached_property
    def node_states(self) -> dict[str, str]:
        """What became of each node: added, removed, changed or same."""
        old, new = _jobs(self.left), _jobs(self.right)
        states = {
            name: "same" if old.get(name) == node else "changed" if name in old else "added"
            for name, node in new.items()
        }
        return states | {name: "removed" for name in old if name not in new}

    @cached_property
    def drawing(self) -> Drawing:
        """Both graphs laid over each other."""
        old, new = graph_of(self.left.definition), graph_of(self.right.definition)
        nodes: dict[str, Node] = {node.id: node for node in old.nodes} | {node.id: node for node in new.nodes}
        old_edges, new_edges = set(old.edges), set(new.edges)
        kinds: dict[Edge, str] = dict.fromkeys(old_edges - new_edges, "removed")
        kinds |= dict.fromkeys(new_edges - old_edges, "added")
        edges = dict.fromkeys([*old.edges, *new.edges])
        return drawing_of(
            Graph(tuple(nodes.values()), tuple(edges)),
            workspace=self.right.workspace,
            states={name: state for name, state in self.node_states.items() if state != "same"},
            group="difference",
            edge_kinds=kinds,
            label="Both graphs, one over the other",
        )

    def as_json(self) -> dict[str, Any]:
        """The body of the REST comparison: as `compare_documents`, with the graph."""
        old, new = set(graph_of(self.left.definition).edges), set(graph_of(self.right.definition).edges)
        return {
            "left": self.left.address,
            "right": self.right.address,
            "verdict": str(self.verdict.verdict),
            "reasons": [reason.as_json() for reason in self.verdict.reasons],
            "changes": [change.as_json() for change in self.changes],
            "graph": {
                "nodes": [{"id": name, "state": state} for name, state in self.node_states.items()],
                "edges": [
                    {
                        "from": f"{edge.source}.{edge.source_port}",
                        "to": f"{edge.target}.{edge.target_port}",
                        "state": "same" if edge in old and edge in new else "added" if edge in new else "removed",
                    }
                    for edge in sorted(old | new, key=str)
                ],
            },
        }


def _jobs(side: Side) -> Mapping[str, Any]:
    jobs = side.definition.get("jobs")
    return jobs if isinstance(jobs, Mapping) else {}


def compared(left: str, right: str, user: User | AnonymousUser) -> Compared:
    """Compare what two refs name, as far as `user` may see it. Raises NotComparable."""
    return Compared(side_of("left", left, user), side_of("right", right, user))


def side_of(side: str, text: str, user: User | AnonymousUser) -> Side:
    """Return what a ref with a workspace names. Raises NotComparable, for what is hidden as for what is not there."""
    try:
        ref = Ref.parse(text)
    except InvalidRef as error:
        raise NotComparable(side, text, f"is no reference: {error.reason}.") from error
    found = _draft(ref, user) if ref.kind == "change" else _mirrored(side, text, ref, user)
    if found is None:
        raise NotComparable(side, text, "names nothing that the mirror knows.")
    return found


def _mirrored(side: str, text: str, ref: Ref, user: User | AnonymousUser) -> Side | None:
    if ref.workspace is None:
        raise NotComparable(side, text, "names no workspace: write workspace/kind:name:version.")
    workspace = Workspace.objects.for_user(user).filter(slug=ref.workspace).first()
    if workspace is None:
        return None
    plain = ref.without_workspace()
    if ref.kind in AssetKind.values:
        return _version(workspace, plain)
    if ref.kind == "run":
        return _run(workspace, plain)
    return _schedule(workspace, plain) if ref.kind == "schedule" else None


def _version(workspace: Workspace, ref: Ref) -> Side | None:
    row = Version.objects.named(workspace, ref).select_related("definition", "part").first()
    if row is None or row.definition is None:
        return None
    text = yaml_of(document_of(row.kind, row.name, row.version, raw_of(row)))
    return Side(row.ref, workspace, body_of(row.definition), text, row.is_pipeline)


def _run(workspace: Workspace, ref: Ref) -> Side | None:
    rows = Run.objects.filter(workspace=workspace, job_name=ref.name)
    row = rows.select_related("definition", "part", "pipeline__definition").first()
    if row is None or row.definition is None:
        return None
    version = row.pipeline
    definition = body_of(version.definition) if version and version.definition else body_of(row.definition)
    normal = normalize.normalized("run", raw_of(row))
    asked = {key: normal[key] for key in ("inputs", "settings", "outputs") if key in normal}
    return Side(row.ref, workspace, {**definition, "run": asked}, yaml_of(normal), bool(definition.get("jobs")))


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
    return Side(ref, workspace, normalize.definition_of_schedule(raw), yaml_of(normalize.normalized("schedule", raw)))


def _draft(ref: Ref, user: User | AnonymousUser) -> Side | None:
    number, _, revision = ref.name.partition("@")
    if not (number.isascii() and number.isdigit() and (not revision or revision.isdigit())):
        return None
    change = ChangeRequest.objects.for_user(user).filter(pk=int(number[:15])).select_related("workspace").first()
    if change is None:
        return None
    wanted = int(revision[:6]) if revision else change.revision_number
    row = Document.objects.filter(revision__change=change, revision__number=wanted, path=ref.version or "").first()
    if row is None:
        return None
    value = reading.read(row.path, row.content).value
    definition = normalize.definition_of_value(value) if isinstance(value, Mapping) else {}
    return Side(ref, change.workspace, definition, row.content, bool(definition.get("jobs")))
