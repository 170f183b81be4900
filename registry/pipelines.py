"""What a form must know of a pipeline version to run or schedule it: its inputs and its run defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.lift import run_defaults_of
from mlopsportal.specs.ref import parse_azure_reference
from mlopsportal.specs.secrets import named_secret, secrets_in
from mlopsportal.ui.addresses import RUN_INPUT, run_form_address
from registry.facts import asset_ref, mapping, properties_of
from registry.models import AssetKind, Run, Version, Workspace
from registry.raw import raw_of

_MOST_OFFERED = 200


@dataclass(frozen=True)
class Parameters:
    """The parameters of a pipeline version. `defaults` are input values in YAML form, by input name."""

    interface: Interface
    defaults: Mapping[str, Any]
    experiment: str = ""
    compute: str = ""

    @property
    def open_inputs(self) -> list[str]:
        """The required inputs for which neither the interface nor the run defaults have a value."""
        return [name for name, port in self.interface.inputs.items() if port.is_required and name not in self.defaults]


def pipeline_parameters(version: Version) -> Parameters:
    """Return the parameters of a version; reads its raw document, so select `part` along with it."""
    raw = raw_of(version)
    properties = raw.get("properties") or {}
    defaults = run_defaults_of(properties.get("properties"))
    return Parameters(
        interface=interface_of(properties.get("componentSpec") or {}),
        defaults=defaults.get("inputs") or {},
        experiment=str(defaults.get("experiment_name") or ""),
        compute=str(defaults.get("compute") or "").removeprefix("azureml:"),
    )


def data_references(workspace: Workspace) -> dict[str, list[str]]:
    """Return references to the newest data and model versions, by their type, for a form to offer."""
    rows = Version.objects.filter(
        workspace=workspace, kind__in=[AssetKind.DATA, AssetKind.MODEL], is_archived=False, missing_since=None
    )
    offered: dict[str, list[str]] = {}
    for kind, name, version in rows.order_by("-created_at", "-id").values_list("type", "name", "version")[
        :_MOST_OFFERED
    ]:
        offered.setdefault(kind, []).append(f"azureml:{name}:{version}")
    return offered


@dataclass(frozen=True)
class Again:
    """The way back to the run form from a run. `words` say what of the run's values the address does not hold."""

    address: str
    words: str


def run_again(run: Run) -> Again | None:
    """Return the link that runs the same pipeline version again; None where that is not known.

    What looks like a secret never goes into an address: browsers and servers keep those.
    """
    if run.pipeline is None:
        return None
    given = values_given(run)
    told = {name: text for name, text in given.items() if not _is_secret(name.removeprefix(RUN_INPUT), text)}
    address = run_form_address(run.pipeline.ref, run.workspace, told)
    if told and address == run_form_address(run.pipeline.ref, run.workspace, {}):
        return Again(address, "and type its values in: they are too long for a link")
    hidden = len(given) - len(told)
    some = f", without {hidden} value{'s' if hidden > 1 else ''} that look{'' if hidden > 1 else 's'} secret"
    return Again(address, f"with these values{some if hidden else ''}")


def _is_secret(name: str, text: str) -> bool:
    return next(secrets_in(text), None) is not None or named_secret(name, text) is not None


def values_given(run: Run) -> dict[str, str]:
    """Return what a run was given, as the parameters of the run form take it; reads its raw document.

    A literal as it stands (null is empty), data and models of its own workspace as `azureml:name:version`, others by
    their full id; what Azure ML chose by itself is left out.
    """
    properties = properties_of(raw_of(run))
    settings = mapping(properties.get("settings"))
    own = {
        "display_name": run.display_name if run.display_name != run.job_name else "",
        "experiment": run.experiment,
        "compute": _compute_of(settings.get("default_compute")),
    }
    base = run.workspace.base
    inputs = {f"{RUN_INPUT}{name}": _given(value, base) for name, value in mapping(properties.get("inputs")).items()}
    return {**inputs, **{name: value for name, value in own.items() if value}}


def _given(value: Any, base: str) -> str:
    written = mapping(value)
    uri = written.get("uri")
    ref = asset_ref(uri, AssetKind.DATA)
    if ref is not None and _is_of(uri, base):
        return f"azureml:{ref.name}:{ref.version}"
    text = written.get("value") if uri is None else uri
    return "" if text is None else str(text)


def _is_of(uri: object, base: str) -> bool:
    """Is it of the workspace whose ARM id is `base`? A full id that says another, or says it by a number, is not."""
    found = parse_azure_reference(str(uri), AssetKind.DATA)
    place = found.workspace_arm if found else None
    return place is None or place.casefold() == base.casefold()


def _compute_of(value: Any) -> str:
    found = parse_azure_reference(value, "compute") if isinstance(value, str) else None
    return found.name if found else str(value or "")
