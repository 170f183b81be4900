"""What an upgrade consists of: who would move, what it takes, the documents of those chosen; asks no table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mlopsportal.changes import bundling
from mlopsportal.specs import documents as reading
from mlopsportal.specs.order import DocumentCycle, in_dependency_order
from mlopsportal.specs.ref import Ref
from mlopsportal.upgrading.rewriting import Values, names_any, rewritten
from registry.fitting import Fit, Misfit, fit_of
from registry.impact import Consumer
from registry.models import Version
from registry.rendering import yaml_of
from scheduling.impact import ScheduleUsing


class TooMany(ValueError):
    """More documents were chosen than one change can hold."""

    def __init__(self, chosen: int) -> None:
        most = bundling.MOST_DOCUMENTS
        out = f"take {chosen - most} of them out, apply the change, then come back for the rest"
        super().__init__(f"A change holds at most {most} documents, and {chosen} are chosen: {out}.")


@dataclass(frozen=True)
class Candidate:
    """A version that would be published anew as `target`, naming the new versions; `document` is what it is now.

    `newer` names the newest version of the same name where this one is not it: then it is no matter of course that
    the next version should begin from this one.
    """

    consumer: Consumer
    target: Ref
    document: Mapping[str, Any]
    misfits: tuple[Misfit, ...] = ()
    newer: str = ""

    @property
    def ref(self) -> Ref:
        return self.consumer.ref

    @property
    def fit(self) -> Fit:
        return fit_of(self.misfits)

    @property
    def asked(self) -> list[Misfit]:
        """The inputs for which a value has to be given."""
        return [misfit for misfit in self.misfits if misfit.fit is Fit.NEEDS_DEFAULT]

    @property
    def named(self) -> frozenset[Ref]:
        """What it names of everything that may move."""
        return self.consumer.named

    @property
    def is_usual(self) -> bool:
        """Is it chosen unless somebody says otherwise?"""
        return self.fit is Fit.DROP_IN and not self.newer

    @property
    def may_move(self) -> bool:
        """Could it be among those that move, without anybody writing a document by hand?"""
        return self.fit is not Fit.NEEDS_HANDS and not self.newer

    @property
    def path(self) -> str:
        return f"{self.ref.name}.{self.target.version}.yml" if self.newer else f"{self.ref.name}.yml"

    def text(self, moves: Mapping[Ref, Ref], values: Values) -> str:
        return yaml_of(rewritten(self.document, moves, version=self.target.version, values=values))


@dataclass(frozen=True)
class ScheduleMove:
    """A schedule that would run another version; `document` None: its job is written out and must be edited by hand."""

    using: ScheduleUsing
    document: Mapping[str, Any] | None
    misfits: tuple[Misfit, ...] = ()

    @property
    def ref(self) -> Ref:
        return self.using.schedule.ref

    @property
    def fit(self) -> Fit:
        return Fit.NEEDS_HANDS if self.document is None else fit_of(self.misfits)

    @property
    def asked(self) -> list[Misfit]:
        """The inputs of its job for which a value has to be given."""
        return [misfit for misfit in self.misfits if misfit.fit is Fit.NEEDS_DEFAULT]

    @property
    def named(self) -> frozenset[Ref]:
        return frozenset([self.using.through])

    @property
    def is_usual(self) -> bool:
        return self.fit is Fit.DROP_IN

    @property
    def path(self) -> str:
        return f"{self.ref.name}.schedule.yml"

    def text(self, moves: Mapping[Ref, Ref], values: Values) -> str:
        return yaml_of(rewritten(self.document or {}, moves, values=values))


Move = Candidate | ScheduleMove
_ORDER = list(Fit)


@dataclass(frozen=True)
class Upgrade:
    """Everything about moving the users of `old` to `new`.

    `settled` are old users whose newest version uses `new` already, and that version: who names the old one is led to
    it; `arrived` are those versions themselves. `left` counts old versions that are left alone. `floating` and
    `floating_schedules` need nothing.
    """

    old: Ref
    new: Ref
    candidates: Sequence[Candidate]
    schedules: Sequence[ScheduleMove]
    floating: Sequence[Consumer]
    floating_schedules: Sequence[ScheduleUsing] = ()
    settled: Mapping[Ref, Ref] = field(default_factory=dict)
    arrived: Sequence[Version] = ()
    left: int = 0
    is_cut: bool = False

    @property
    def moves(self) -> list[Move]:
        """Everybody who could move, each after those whom it names."""
        return [*self.candidates, *self.schedules]

    @cached_property
    def groups(self) -> list[tuple[Fit, list[Move]]]:
        """What can be moved, by what it takes, the easiest first; without empty groups and without the schedules of
        `followers`, who go where their pipeline goes."""
        follow = {item.ref for schedules in self.followers.values() for item in schedules}
        heads = [item for item in self.moves if item.ref not in follow]
        found = [(fit, [item for item in heads if self._efforts[item.ref] is fit]) for fit in Fit]
        return [group for group in found if group[1]]

    @cached_property
    def followers(self) -> dict[Ref, list[ScheduleMove]]:
        """The schedules that run a version which would be published anew, by that version."""
        candidates = {item.ref for item in self.candidates}
        found: dict[Ref, list[ScheduleMove]] = {}
        for item in self.schedules:
            if item.using.through in candidates:
                found.setdefault(item.using.through, []).append(item)
        return found

    @cached_property
    def _efforts(self) -> dict[Ref, Fit]:
        """What it takes to move each: its own fit, or that of the easiest of those it waits for, where that is more."""
        found: dict[Ref, Fit] = {}
        for item in self.moves:
            before = [found[ref] for ref in self.waits_for(item) if ref in found]
            found[item.ref] = max(item.fit, min(before, key=_ORDER.index), key=_ORDER.index) if before else item.fit
        return found

    @cached_property
    def _fitting(self) -> list[str]:
        """Who could move as they are, given that those whom they name could."""
        possible = {self.old, *self.settled}
        found = []
        for item in self.moves:
            if item.named & possible:
                found += [str(item.ref)] if item.is_usual else []
                possible |= {item.ref} if isinstance(item, Candidate) and item.may_move else set()
        return found

    @property
    def usual(self) -> frozenset[str]:
        """Who is chosen unless somebody says otherwise: all who fit, as many as one change can hold."""
        return frozenset(self._fitting[: bundling.MOST_DOCUMENTS])

    @property
    def fitting(self) -> int:
        """How many could move as they are."""
        return len(self._fitting)

    def waits_for(self, item: Move) -> list[Ref]:
        """Return those who have to move for this one to have anything to follow; empty when it moves by itself."""
        if item.named & {self.old, *self.settled}:
            return []
        return sorted(item.named & {other.ref for other in self.candidates})

    def pairs(self, taken: Collection[str], values: Mapping[str, Values]) -> list[bundling.Pair]:
        """Return the documents, as `(path, text)` in dependency order, that move those whose ref is in `taken`.

        `values` gives inputs by the ref of who needs them. What names nothing that moves is left out: `stuck` says
        which. Raises TooMany.
        """
        moves = self._led(taken)
        pairs = [(item.path, item.text(moves, values.get(str(item.ref), {}))) for item in self._moving(taken, moves)]
        if len(pairs) > bundling.MOST_DOCUMENTS:
            raise TooMany(len(pairs))
        return _ordered(pairs)

    def stuck(self, taken: Collection[str]) -> list[Move]:
        """Return who was chosen but names nothing that moves, and so would be left as it is."""
        moving = {item.ref for item in self._moving(taken, self._led(taken))}
        return [item for item in self.moves if str(item.ref) in taken and item.ref not in moving]

    def _led(self, taken: Collection[str]) -> dict[Ref, Ref]:
        """Return where each reference is led to: who names nothing that moves does not move, nor who names it."""
        moves = {self.old: self.new, **self.settled}
        for item in self.candidates:  # the nearest come first, so that one pass would do but for circles
            if str(item.ref) in taken and names_any(item.document, moves):
                moves[item.ref] = item.target
        return moves

    def _moving(self, taken: Collection[str], moves: Mapping[Ref, Ref]) -> Iterator[Move]:
        for item in self.moves:
            if str(item.ref) in taken and item.document is not None and names_any(item.document, moves):
                yield item


def _ordered(pairs: list[bundling.Pair]) -> list[bundling.Pair]:
    texts = dict(pairs)
    try:
        found = in_dependency_order(reading.read(path, text) for path, text in pairs)
    except DocumentCycle:
        return pairs  # the plan says so, with the names of those who need each other
    return [(document.path, texts[document.path]) for document in found]
