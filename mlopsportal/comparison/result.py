"""Two sides and everything that differs between them: sentences, verdict, graph, fields, text; each when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser

from mlopsportal.accounts.models import User
from mlopsportal.comparison.overlay import ADDED, CHANGED, MOVED, REMOVED, SAME, Overlay, folded, overlay_of
from mlopsportal.comparison.runs import RunPair
from mlopsportal.comparison.sides import Side, side_of
from mlopsportal.specs.comparison import compare_edges, with_declared
from mlopsportal.specs.diff import Change, diff
from mlopsportal.specs.graph import Node, graph_of
from mlopsportal.specs.interface import Comparison, Interface, Reason, Verdict, compare_components, verdict_of
from mlopsportal.specs.summary import Sentence, sentences_of
from mlopsportal.specs.textdiff import Hunk, text_diff
from mlopsportal.ui.addresses import as_ref, compare_address, ref_address
from mlopsportal.ui.drawing import Drawing, drawing_of
from registry.mirror import WorkspaceMirror

MANY_NODES = 40
"""From so many nodes on, what did not change is folded unless somebody asks for all of it."""


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
        if (self.left.ref.kind == "component" and self.right.ref.kind == "component") or self._have_interfaces:
            return self._interface_verdict()
        if not self.changes:
            return verdict_of([])
        message = "Only components and pipelines have an interface that a verdict can be about."
        return verdict_of([Reason("no-interface", "", message, Verdict.UNKNOWN)])

    def _interface_verdict(self) -> Comparison:
        """The verdict on the interface, on every edge of a pipeline, and on what the version numbers say."""
        old, new = self.left.definition, self.right.definition
        found = compare_components(old, new)
        if self.has_graph:
            found = verdict_of([*found.reasons, *compare_edges(old, new, self._interfaces()).reasons])
        same = self.left.ref.kind == self.right.ref.kind == "component" and self.left.ref.name == self.right.ref.name
        return with_declared(found, self.left.ref.version, self.right.ref.version) if same else found

    def _interfaces(self) -> dict[str, Interface]:
        """Return the interfaces of what the steps of both sides run, by reference; those that a mirror knows."""
        found: dict[str, Interface] = {}
        for side in (self.left, self.right):
            mirror = WorkspaceMirror(side.workspace)
            for node in graph_of(side.definition).nodes:
                known = mirror.interface_named(node.component) if node.component else None
                if known is not None:
                    found[node.component] = known
        return found

    @property
    def _have_interfaces(self) -> bool:
        return self.left.has_interface and self.right.has_interface

    @cached_property
    def sentences(self) -> list[Sentence]:
        """What changed, one sentence a change, the most important first."""
        return sentences_of(self.left.definition, self.right.definition, self.changes, self.verdict)

    @cached_property
    def hunks(self) -> list[Hunk]:
        return text_diff(self.left.text, self.right.text)

    @cached_property
    def runs(self) -> RunPair | None:
        """The two runs side by side; None unless both sides are runs."""
        if self.left.run is None or self.right.run is None:
            return None
        return RunPair(self.left.run, self.right.run)

    @cached_property
    def definition_changes(self) -> list[Change]:
        """What differs in what was executed, without what each run was given."""
        return [change for change in self.changes if change.steps[:1] != ("run",)]

    # The graph

    @cached_property
    def has_graph(self) -> bool:
        return bool(self.left.definition.get("jobs")) or bool(self.right.definition.get("jobs"))

    @cached_property
    def overlay(self) -> Overlay:
        return overlay_of(self.left.definition, self.right.definition)

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

    def drawing(self, *, fold: bool, unfolded_url: str = "") -> Drawing:
        """Return both graphs laid over each other; with `fold` each unchanged region is one node that leads to all."""
        shown = folded(self.overlay) if fold else self.overlay
        regions = {region.id: region for region in shown.regions}
        urls = {node.id: self._url(node) for node in shown.graph.nodes if node.id not in regions}
        notes = {name: f"was {old}" for name, old in shown.old_names.items()}
        return drawing_of(
            shown.graph,
            workspace=self.right.workspace,
            states={name: state for name, state in shown.states.items() if state != SAME},
            group="difference",
            urls=urls | dict.fromkeys(regions, unfolded_url),
            notes=notes,
            edge_kinds=shown.edge_kinds,
            label="Both graphs, one over the other",
        )

    def _url(self, node: Node) -> str:
        """Return where a node leads: to the comparison of what it ran and runs, else to the page of what it runs."""
        old, new = (self._component(side, node.id) for side in (self.left, self.right))
        refs = [as_ref(text) if text else None for text in (old, new)]
        if refs[0] and refs[1] and refs[0] != refs[1] and refs[0].version and refs[1].version:
            left, right = self.left.workspace.slug, self.right.workspace.slug
            return compare_address(refs[0].in_workspace(left), refs[1].in_workspace(right))
        ref, side = (refs[1], self.right) if refs[1] else (refs[0], self.left)
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
            "summary": [sentence.words for sentence in self.sentences],
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
            }
            for edge in sorted(overlay.graph.edges, key=str)
        ]
        return {"nodes": nodes, "edges": edges}


def compared(left: str, right: str, user: User | AnonymousUser) -> Compared:
    """Compare what two refs name, as far as `user` may see it. Raises NotComparable."""
    return Compared(side_of("left", left, user), side_of("right", right, user))
