"""What somebody chose of an upgrade and typed for it, and what stands against opening that; asks no table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mlopsportal.specs.ref import Ref
from mlopsportal.upgrading.candidates import Move, ScheduleMove, Upgrade
from mlopsportal.upgrading.rewriting import Values
from mlopsportal.upgrading.values import value_for
from registry.fitting import Misfit


def field_name(item: Move, misfit: Misfit) -> str:
    """Return the name of the form's field for an input that somebody has to give."""
    return f"value|{item.ref}|{misfit.node}|{misfit.port}"


def port_words(misfit: Misfit) -> str:
    """Return the step and the input, as `fit.epochs`."""
    return f"{misfit.node}.{misfit.port}".lstrip(".")


def words(ref: Ref) -> str:
    """Return the name and the version, where there is one."""
    return f"{ref.name} {ref.version or ''}".strip()


@dataclass(frozen=True)
class Choice:
    """The refs that were `ticked`, and what was `typed`, by the name of the field."""

    upgrade: Upgrade
    ticked: frozenset[str]
    typed: Mapping[str, str]
    judged: Mapping[str, str] = field(default_factory=dict)
    """What the checker has against values that can be read, by the name of the field; `judging.value_faults`."""

    @cached_property
    def taken(self) -> frozenset[str]:
        """The refs of those who are to move: giving a value is enough to be."""
        return self.ticked | {str(item.ref) for item in self.upgrade.moves if self._is_given(item)}

    def _is_given(self, item: Move) -> bool:
        return any(self.typed.get(field_name(item, misfit), "").strip() for misfit in item.asked)

    @cached_property
    def values(self) -> dict[str, Values]:
        """The inputs that were typed for those who are to move, without those that `field_faults` has."""
        return self._read[0]

    @cached_property
    def field_faults(self) -> dict[str, str]:
        """What is wrong with what was typed, by the name of the field: "needs a whole number"."""
        return {**self.judged, **self._read[1]}

    @cached_property
    def _read(self) -> tuple[dict[str, Values], dict[str, str]]:
        values: dict[str, Values] = {}
        faults: dict[str, str] = {}
        for item in self.upgrade.moves:
            if str(item.ref) in self.taken:
                values[str(item.ref)] = self._given_to(item, faults)
        return values, faults

    def _given_to(self, item: Move, faults: dict[str, str]) -> Values:
        """Return the inputs given to one; what cannot be read is put among the faults."""
        given: dict[tuple[str, str], Any] = {}
        for misfit in item.asked:
            name = field_name(item, misfit)
            try:
                if misfit.takes is not None:
                    given[misfit.node, misfit.port] = value_for(misfit.takes, self.typed.get(name, ""))
            except ValueError as error:
                faults[name] = str(error)
        return given

    @cached_property
    def faults(self) -> dict[str, str]:
        """Why those who were chosen but name nothing that moves would not move, by ref."""
        return {str(item.ref): self._why(item) for item in self.upgrade.stuck(self.taken)}

    def _why(self, item: Move) -> str:
        waits = self.upgrade.waits_for(item)
        if not waits:
            return "It names the old version where it cannot be rewritten here. Untick it and edit its YAML."
        verb = "runs" if isinstance(item, ScheduleMove) else "names"
        stand = [self._lacking(ref) for ref in waits]
        told = "; it ".join(f"{verb} {words(ref)}, which {why}" for ref, (why, _) in zip(waits, stand, strict=True))
        return f"It {told}. {stand[0][1]}, or untick this."

    def _lacking(self, ref: Ref) -> tuple[str, str]:
        """Return why a version that somebody waits for does not move, and what would help."""
        [item] = [item for item in self.upgrade.candidates if item.ref == ref]
        if str(ref) in self.taken:
            return "would be left as it is too", "See to that first"
        if item.asked:
            return f"lacks a value for {', '.join(port_words(misfit) for misfit in item.asked)}", "Give one"
        return "is not chosen", "Choose that too"

    @property
    def unknown(self) -> list[str]:
        """What was ticked and is not among those that can be moved (any more)."""
        return sorted(self.ticked - {str(item.ref) for item in self.upgrade.moves})
