"""What the address of the run form fills in, so that a run can be proposed by a link; writes and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.forms import Field
from django.http import QueryDict

from mlopsportal.changes.forms import RunForm
from mlopsportal.specs.interface import Interface
from mlopsportal.ui.addresses import RUN_INPUT
from mlopsportal.ui.parameters import strangers_in
from mlopsportal.ui.port_fields import PREFIX

_OWN = ("title", "description", "display_name", "experiment", "compute")
_PLACE = ("action", "ref", "ws")


@dataclass(frozen=True)
class Prefilled:
    """`given` is the text of each field that the address names; `strangers` are the names that fill nothing."""

    given: Mapping[str, str]
    strangers: list[str]

    def data(self, initial: Mapping[str, Any], ports: Mapping[str, Field]) -> dict[str, Any] | None:
        """Return what a form is bound to: its defaults with what is given over them; None where nothing is."""
        if not self.given:
            return None
        return {**initial, **{name: field.initial for name, field in ports.items()}, **self.given}

    def told(self, form: RunForm) -> bool:
        """Leave beside the fields only what is wrong with what was given: nobody has typed the others yet.

        Returns whether anything is wrong.
        """
        for name in [name for name in form.errors if name not in self.given]:
            del form.errors[name]
        return bool(form.errors)


def prefilled(query: QueryDict, interface: Interface) -> Prefilled:
    """Read `?input.<name>=value` for the inputs of a pipeline, and the fields that every run has."""
    names = {f"{RUN_INPUT}{name}": port for name, port in interface.inputs.items()}
    given = {name: str(query[name]) for name in _OWN if name in query}
    for name, port in names.items():
        if name in query:
            text = str(query[name])
            given[f"{PREFIX}{port.name}"] = text.lower() if port.type == "boolean" else text
    return Prefilled(given, strangers_in(query, {*_OWN, *_PLACE, *names}))
