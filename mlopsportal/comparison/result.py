"""Two sides and everything that differs between them: sentences, verdict, graph, fields, text; each when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser

from mlopsportal.accounts.models import User
from mlopsportal.comparison.interfaces import interfaces_of
from mlopsportal.comparison.lines import Line, heaviest_first, lines_of
from mlopsportal.comparison.outcome import outcome_lines
from mlopsportal.comparison.overlay import (
    ADDED,
    BROKEN,
    CHANGED,
    MOVED,
    REMOVED,
    SAME,
    Overlay,
    folded,
    overlay_of,
    renamed,
    with_new_names,
)
from mlopsportal.comparison.places import places_of
from mlopsportal.comparison.runs import RunPair
from mlopsportal.comparison.sides import Side, side_of
from mlopsportal.specs.comparison import compare_edges, with_declared, without_interface
from mlopsportal.specs.diff import Change, diff
from mlopsportal.specs.graph import Node
from mlopsportal.specs.interface import Comparison, Interface, Reason, Verdict, compare, compare_components, verdict_of
from mlopsportal.specs.textdiff import Hunk, text_diff
from mlopsportal.ui.addresses import as_ref, compare_address, ref_address
from mlopsportal.ui.drawing import Drawing, drawing_of

MANY_NODES = 40
"""From so many nodes on, what did not change is folded unless somebody asks for all of it."""
FLAT = 8
"""So many lines are read one after the other; more are put into groups."""
OUTCOME = "How they came out"
_A = {
    "component": "a component",
    "data": "a data asset",
    "model": "a model",
    "environment": "an environment",
    "schedule": "a schedule",
    "trigger": "a data trigger",
}


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
        if not self.is_one_kind:
            return verdict_of([Reason("kinds-differ", "", self._kinds_differ, Verdict.UNKNOWN)])
        if self.has_verdict:
            return self._interface_verdict()
        if self.runs is None or not self.changes:
            return without_interface(self.changes)
        message = "A run is over: nobody can come to depend on it, and a verdict is about those who do."
        return verdict_of([Reason("no-interface", "", message, Verdict.UNKNOWN)])

    @property
    def _kinds_differ(self) -> str:
        left, right = (_A.get(side.sort, f"a document about {side.sort}") for side in (self.left, self.right))
        return f"{left[0].upper()}{left[1:]} cannot become {right}: only their fields and texts can be read together."

    def _interface_verdict(self) -> Comparison:
        """The verdict on the interface, on every edge of a pipeline, and on what the version numbers say."""
        old, new = self.left.definition, self.right.definition
        found = compare_components(old, new)
        if self.has_graph:
            before, after = self._interfaces
            edges = compare_edges(old, new, after, before=before, apart=self.is_apart)
            found = verdict_of([*found.reasons, *edges.reasons])
        same = self.left.ref.kind == self.right.ref.kind == "component" and self.left.ref.name == self.right.ref.name
        return with_declared(found, self.left.ref.version, self.right.ref.version) if same else found

    @cached_property
    def _interfaces(self) -> tuple[dict[str, Interface], dict[str, Interface]]:
        """The interfaces of what the steps of either side run, by reference; those that its own mirror knows."""
        return interfaces_of(self.left), interfaces_of(self.right)

    @property
    def is_apart(self) -> bool:
        """Are the sides in two workspaces, so that the same reference may name two things?"""
        return self.left.workspace != self.right.workspace

    @property
    def has_verdict(self) -> bool:
        """Do both sides have an interface that a verdict can be about?"""
        return self.left.has_interface and self.right.has_interface

    @cached_property
    def lines(self) -> list[Line]:
        """What changed, one line a change, the most important first; a new name of a step is one change."""
        if not self.is_one_kind:
            return []
        old, new = self.left.definition, self.right.definition
        names = self._new_names
        old = with_new_names(old, names)
        changes = diff(old, new) if names else self.changes
        lines = [Line(words, about=OUTCOME) for words in (outcome_lines(self.runs) if self.runs else ())]
        lines += lines_of(old, new, changes, self.verdict, {new_name: name for name, new_name in names.items()})
        if lines and self._are_two_pipelines:
            named = f"{self.left.called} and {self.right.called}"
            lines.insert(
                0, Line(f"These are two different pipelines, {named}: what follows leads from one to the other.")
            )
        return heaviest_first([replace(line, links=self._bumped(*line.bump)) if line.bump else line for line in lines])

    @property
    def _are_two_pipelines(self) -> bool:
        are_pipelines = self.left.is_pipeline and self.right.is_pipeline
        return are_pipelines and self.has_verdict and self.left.called != self.right.called

    @cached_property
    def groups(self) -> list[tuple[str, list[Line]]]:
        """The lines as they stand while they are few, else by what they are about; the most important group first."""
        if len(self.lines) <= FLAT:
            return [("", self.lines)] if self.lines else []
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.about, []).append(line)
        return list(found.items())

    def _bumped(self, before: str, after: str) -> list[tuple[str, str, str]]:
        """Return where to see what changed in a component: the address, the words, and how much that weighs."""
        address = self._compare_address(before, after)
        if not address:
            return []
        known = [interfaces.get(text) for interfaces, text in zip(self._interfaces, (before, after), strict=True)]
        weight = compare(known[0], known[1]).verdict.value if known[0] and known[1] else ""
        return [(address, "what changed in it", weight)]

    def _compare_address(self, before: str, after: str) -> str:
        """Return where two versions of components are compared; "" when one of the texts names no version."""
        refs = [as_ref(text) if text else None for text in (before, after)]
        if not (refs[0] and refs[1] and refs[0] != refs[1] and refs[0].version and refs[1].version):
            return ""
        return compare_address(
            refs[0].in_workspace(self.left.workspace.slug), refs[1].in_workspace(self.right.workspace.slug)
        )

    @property
    def is_one_kind(self) -> bool:
        """Are both sides of a kind, so that one can have become the other?"""
        return self.left.sort == self.right.sort

    @cached_property
    def hunks(self) -> list[Hunk]:
        return text_diff(self.left.text, self.right.text)

    def whole_text(self) -> list[Hunk]:
        """Both texts from their first to their last line, as one hunk."""
        lines = max(self.left.text.count("\n"), self.right.text.count("\n")) + 1
        return text_diff(self.left.text, self.right.text, context=lines)

    @cached_property
    def places(self) -> list[str]:
        """The keys that each hunk is below."""
        return places_of(self.hunks, self.left.text, self.right.text)

    @cached_property
    def runs(self) -> RunPair | None:
        """The two runs side by side; None unless both sides are runs."""
        if self.left.run is None or self.right.run is None:
            return None
        left, right = (frozenset(side.definition.get("jobs") or ()) for side in (self.left, self.right))
        return RunPair(self.left.run, self.right.run, (left, right))

    @cached_property
    def definition_changes(self) -> list[Change]:
        """What differs in what was executed, without what each run was given."""
        return [change for change in self.changes if change.steps[:1] != ("run",)]

    # The graph

    @cached_property
    def has_graph(self) -> bool:
        return self.is_one_kind and any(side.definition.get("jobs") for side in (self.left, self.right))

    @cached_property
    def overlay(self) -> Overlay:
        return overlay_of(self.left.definition, self.right.definition, self._faulty, self._new_names)

    @cached_property
    def _new_names(self) -> dict[str, str]:
        """The steps that only got another name: the old one and the new."""
        return renamed(self.left.definition, self.right.definition)

    @property
    def _faulty(self) -> list[tuple[str, str]]:
        """The node and the port of everything that fitted and no longer does."""
        found = []
        for reason in self.verdict.reasons:
            steps = reason.path.split(".", maxsplit=3)
            if reason.rule.startswith("step-") and reason.verdict is Verdict.BREAKING and steps[0] == "jobs":
                found.append((steps[1], steps[3] if len(steps) > 3 else ""))
        return found

    @cached_property
    def counts(self) -> list[tuple[str, int]]:
        """How many steps were added, changed, removed, moved and stayed; those that there are."""
        counts = self.overlay.counts
        return [(state, counts[state]) for state in (ADDED, CHANGED, REMOVED, MOVED) if counts[state]] + (
            [("unchanged", counts[SAME])] if counts[SAME] else []
        )

    @property
    def is_large(self) -> bool:
        return len(self.overlay.graph.nodes) > MANY_NODES

    @cached_property
    def edge_counts(self) -> list[tuple[str, int]]:
        """How many edges were added, removed and moved, and how many do not fit; those that there are."""
        counts = self.overlay.edge_counts | Counter({BROKEN: len(self.overlay.faults)})
        return [(kind, counts[kind]) for kind in (ADDED, REMOVED, MOVED, BROKEN) if counts[kind]]

    def drawing(self, *, fold: bool, opened: Iterable[str] = (), unfolded_url: Callable[[str], str] = str) -> Drawing:
        """Return both graphs laid over each other.

        With `fold` each unchanged region is one node, but those that hold one of `opened`; it leads to what
        `unfolded_url` makes of the name of its first step.
        """
        shown = folded(self.overlay, opened) if fold else self.overlay
        regions = {region.id: region for region in shown.regions}
        urls = {node.id: self._url(node) for node in shown.graph.nodes if node.id not in regions}
        return drawing_of(
            shown.graph,
            workspace=self.right.workspace,
            states={name: state for name, state in shown.states.items() if state != SAME},
            group="difference",
            urls=urls | {name: unfolded_url(region.nodes[0]) for name, region in regions.items()},
            names={name: region.name for name, region in regions.items()},
            notes={name: f"was {old}" for name, old in shown.old_names.items()},
            edge_kinds={**shown.edge_kinds, **dict.fromkeys(shown.faults, BROKEN)},
            faults=dict.fromkeys(shown.faulty, "does not fit"),
            label="Both graphs, one over the other",
        )

    def _url(self, node: Node) -> str:
        """Return where a node leads: to the comparison of what it ran and runs, else to the page of what it runs."""
        old, new = (self._component(side, node.id) for side in (self.left, self.right))
        address = self._compare_address(old, new)
        if address:
            return address
        text, side = (new, self.right) if new else (old, self.left)
        ref = as_ref(text) if text else None
        return ref_address(ref, side.workspace, pipeline=node.type == "pipeline") if ref else ""

    def _component(self, side: Side, name: str) -> str:
        jobs = side.definition.get("jobs")
        wanted = self.overlay.old_names.get(name, name) if side is self.left else name
        node = jobs.get(wanted) if isinstance(jobs, Mapping) else None
        component = node.get("component") if isinstance(node, Mapping) else None
        return component if isinstance(component, str) else ""

    def as_json(self) -> dict[str, Any]:
        """The body of the REST comparison: as `compare_documents`, with sentences, the graph, and runs side by side."""
        body: dict[str, Any] = {
            "left": self.left.address,
            "right": self.right.address,
            "verdict": str(self.verdict.verdict),
            "reasons": [reason.as_json() for reason in self.verdict.reasons],
            "summary": [line.words for line in self.lines],
            "changes": [change.as_json() for change in self.changes],
            "graph": self._graph_json(),
        }
        return body | ({"runs": self.runs.as_json()} if self.runs is not None else {})

    def _graph_json(self) -> dict[str, Any]:
        overlay = self.overlay
        nodes = [
            {"id": name, "state": state} | ({"was": overlay.old_names[name]} if name in overlay.old_names else {})
            for name, state in overlay.states.items()
        ]
        edges = [
            {
                "from": f"{edge.source}.{edge.source_port}",
                "to": f"{edge.target}.{edge.target_port}",
                "state": overlay.edge_kinds.get(edge, SAME),
                "fits": edge not in overlay.faults,
            }
            for edge in sorted(overlay.graph.edges, key=str)
        ]
        return {"nodes": nodes, "edges": edges}


def compared(left: str, right: str, user: User | AnonymousUser) -> Compared:
    """Compare what two refs name, as far as `user` may see it. Raises NotComparable."""
    return Compared(side_of("left", left, user), side_of("right", right, user))
