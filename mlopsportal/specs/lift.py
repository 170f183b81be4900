"""A pipeline job made into a pipeline version: a pipeline component plus run defaults; knows no workspace.

Azure ML keeps versions of components, not of jobs. What a job fixes for one run (data, compute, experiment) becomes
a default for runs, kept as canonical JSON in one property of the version, so that it lives in Azure too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from mlopsportal.specs.bindings import binding_of
from mlopsportal.specs.checks.context import joined
from mlopsportal.specs.digest import canonical
from mlopsportal.specs.documents import Document, pipeline_name
from mlopsportal.specs.interface import ASSET_TYPES, Interface, Port, interface_of, type_of_literal
from mlopsportal.specs.mirrored import Mirror
from mlopsportal.specs.parse import Parsed
from mlopsportal.specs.paths import local_path
from mlopsportal.specs.problems import Repair
from mlopsportal.specs.ref import Ref, parse_azure_reference

RUN_DEFAULTS_PROPERTY = "mlopsportal.run_defaults"
"""The property of a pipeline version that holds its run defaults."""

SCHEMA = "https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json"
_KEPT = ("display_name", "description", "tags")
_RUN_SETTINGS = ("continue_on_step_failure", "force_rerun", "default_datastore")


@dataclass(frozen=True)
class Lifted:
    """A pipeline component in YAML form (run defaults already among its properties), the defaults, and what was done.

    `run_defaults` has, each where known: "inputs" {name: value or {type, path, mode}}, "outputs", "compute",
    "experiment_name", "settings", "identity".
    """

    component: dict[str, Any]
    run_defaults: dict[str, Any]
    notes: list[Repair]

    @property
    def ref(self) -> Ref:
        return Ref("component", self.component["name"], self.component["version"])


def lift(
    value: Mapping[str, Any],
    *,
    path: str,
    version: str,
    interfaces: Mapping[Ref, Interface],
    parsed: Parsed | None = None,
) -> Lifted:
    """Make a pipeline version of a repaired pipeline job.

    `version` is used when the job names none; `interfaces` are those of the components it runs (`interfaces_for`).
    `parsed` gives the notes their lines. References to files must have been replaced (`with_file_references`).
    """
    return _Lifting(value, path, interfaces, parsed).lifted(version)


class _Lifting:
    """One lift under way: collects inputs, defaults and notes."""

    def __init__(
        self, value: Mapping[str, Any], path: str, interfaces: Mapping[Ref, Interface], parsed: Parsed | None
    ) -> None:
        self.value = {key: item for key, item in deepcopy(dict(value)).items() if _is_usable(key, item)}
        self.path = path
        self.interfaces = interfaces
        self.parsed = parsed
        self.jobs: dict[str, Any] = self.value.get("jobs") or {}
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.defaults: dict[str, Any] = {"inputs": {}, "outputs": {}}
        self.notes: list[Repair] = []

    def lifted(self, version: str) -> Lifted:
        for name, given in (self.value.get("inputs") or {}).items():
            self._lift_input(name, given)
        for node_name, node in self.jobs.items():
            self._lift_node_data(node_name, node)
        for name, given in (self.value.get("outputs") or {}).items():
            self._lift_output(name, given)
        self._lift_settings()
        run_defaults = {key: item for key, item in self.defaults.items() if item}
        component = self._component(str(self.value.get("version") or version), run_defaults)
        return Lifted(component, run_defaults, self.notes)

    def _component(self, version: str, run_defaults: Mapping[str, Any]) -> dict[str, Any]:
        name = pipeline_name(self.value, self.path)
        self._note("lifted", "", self.path, f"component:{name}:{version}", "the pipeline job became a pipeline version")
        component: dict[str, Any] = {"$schema": SCHEMA, "type": "pipeline", "name": name, "version": version}
        component |= {key: self.value[key] for key in _KEPT if self.value.get(key)}
        component |= {"inputs": self.inputs, "outputs": self.outputs, "jobs": self.jobs}
        properties = {key: str(item) for key, item in (self.value.get("properties") or {}).items() if item is not None}
        if run_defaults:
            properties[RUN_DEFAULTS_PROPERTY] = canonical(run_defaults).decode()
        if properties:
            component["properties"] = properties
        return {key: item for key, item in component.items() if item not in ({}, None)}

    def _note(self, code: str, path: str, before: str, after: str, message: str) -> None:
        place = self.parsed.nearest(path) if self.parsed else None
        self.notes.append(Repair(code, path, place[0] if place else None, before, after, message))

    def _lift_input(self, name: str, given: Any) -> None:
        """Declare an input of the pipeline; its value becomes a run default, a plain one the declared default."""
        path = joined("inputs", name)
        if isinstance(given, Mapping):
            self._lift_mapped_input(name, given, path)
        elif isinstance(given, str) and parse_azure_reference(given, "data") is not None:
            self._data_input(name, {"path": given}, path, self._type_by_use(name, "uri_folder"))
        elif isinstance(given, str) and "${{" in given:
            self.inputs[name] = {"type": self._type_by_use(name, "string")}
            self.defaults["inputs"][name] = given
        elif given is None:
            self.inputs[name] = {"type": self._type_by_use(name, "string")}
        else:
            self.inputs[name] = {"type": self._type_by_use(name, type_of_literal(given)), "default": given}

    def _lift_mapped_input(self, name: str, given: Mapping[str, Any], path: str) -> None:
        declared = given.get("type")
        kind = declared if isinstance(declared, str) else self._type_by_use(name, "uri_folder")
        if kind.lower() not in ASSET_TYPES and "path" not in given:
            self.inputs[name] = {key: item for key, item in {**given, "type": kind}.items() if key != "value"}
            if given.get("value") is not None:
                self.inputs[name]["default"] = given["value"]
        elif given.get("path") is not None:
            self._data_input(name, given, path, kind)
        else:
            self.inputs[name] = {key: item for key, item in {**given, "type": kind}.items() if key != "mode"}

    def _data_input(self, name: str, given: Mapping[str, Any], path: str, kind: str) -> None:
        self.inputs[name] = {"type": kind}
        if given.get("description"):
            self.inputs[name]["description"] = given["description"]
        default = {"type": kind, "path": given["path"]}
        if given.get("mode"):
            default["mode"] = given["mode"]
        self.defaults["inputs"][name] = default
        message = f"the data became the run default of the pipeline's input `{name}`"
        self._note("lifted-data", path, str(given["path"]), f"inputs.{name}: {{type: {kind}}}", message)

    def _type_by_use(self, name: str, otherwise: str) -> str:
        """Return the type of the first port that an input of the pipeline is bound to."""
        for node in self.jobs.values():
            for port, given in _inputs_of(node).items():
                binding = binding_of(given)
                if binding is not None and binding.is_parent_input and binding.port == name:
                    found = self._port(node, port)
                    if found is not None and found.type != "unknown":
                        return found.type
        return otherwise

    def _port(self, node: Any, port: str, side: str = "inputs") -> Port | None:
        component = node.get("component") if isinstance(node, Mapping) else None
        if isinstance(component, Mapping):
            interface: Interface | None = interface_of(component)
        else:
            reference = parse_azure_reference(component, "component") if isinstance(component, str) else None
            interface = self.interfaces.get(reference.ref) if reference is not None and reference.ref else None
        return getattr(interface, side).get(port) if interface is not None else None

    def _lift_node_data(self, node_name: str, node: Any) -> None:
        """Make every literal piece of data inside a node an input of the pipeline."""
        inputs = _inputs_of(node)
        for port, given in list(inputs.items()):
            data = _data_of(given)
            if data is None:
                continue
            taken = {*self.inputs, *(self.value.get("inputs") or {})}
            name = port if port not in taken else f"{node_name}_{port}"
            while name in taken:
                name += "_"
            found = self._port(node, port)
            kind = found.type if found is not None and found.type in ASSET_TYPES else data.get("type", "uri_folder")
            mode = data.pop("mode", None)
            self._data_input(name, data, f"jobs.{node_name}.inputs.{port}", kind)
            binding = f"${{{{parent.inputs.{name}}}}}"
            inputs[port] = binding if mode in (None, "ro_mount") else {"type": kind, "path": binding, "mode": mode}

    def _lift_output(self, name: str, given: Any) -> None:
        declared = given if isinstance(given, Mapping) else {}
        kind = declared.get("type") or self._output_type(name)
        self.outputs[name] = {"type": kind}
        kept = {key: declared[key] for key in ("path", "mode", "name", "version") if declared.get(key)}
        if kept.keys() - {"mode"}:
            self.defaults["outputs"][name] = {"type": kind, **kept}

    def _output_type(self, name: str) -> str:
        for node in self.jobs.values():
            outputs = node.get("outputs") if isinstance(node, Mapping) else None
            for port, given in outputs.items() if isinstance(outputs, Mapping) else ():
                binding = binding_of(given)
                if binding is not None and binding.is_parent_output and binding.port == name:
                    found = self._port(node, port, "outputs")
                    return found.type if found is not None else "uri_folder"
        return "uri_folder"

    def _lift_settings(self) -> None:
        settings = self.value.get("settings") or {}
        compute = settings.get("default_compute") or self.value.get("compute")
        if compute:
            reference = parse_azure_reference(str(compute), "compute")
            self.defaults["compute"] = reference.name if reference else str(compute)
        if self.value.get("experiment_name"):
            self.defaults["experiment_name"] = self.value["experiment_name"]
        kept = {key: settings[key] for key in _RUN_SETTINGS if settings.get(key) is not None}
        if kept:
            self.defaults["settings"] = kept
        if self.value.get("identity"):
            self.defaults["identity"] = self.value["identity"]
        for key in ("compute", "experiment_name"):
            if key in self.defaults:
                message = f"the {key.replace('_', ' ')} became a run default of the pipeline version"
                self._note("lifted-default", key, str(self.defaults[key]), str(self.defaults[key]), message)


def job_interface(document: Document) -> Interface:
    """Return the interface of a pipeline job: what it fixes is a default of the pipeline that it is lifted to."""
    lifted = lift(document.value, path=document.path, version="1", interfaces={})
    interface = interface_of(lifted.component)
    given = lifted.run_defaults.get("inputs", {})
    inputs = {
        name: replace(port, has_default=True, default=port.default or given[name]) if name in given else port
        for name, port in interface.inputs.items()
    }
    return Interface(inputs, interface.outputs)


def _is_usable(key: str, item: Any) -> bool:
    """Leave out what should be a mapping and is none: comparisons lift documents that nobody has checked."""
    return isinstance(item, Mapping) or key not in ("jobs", "inputs", "outputs", "settings", "properties")


def _inputs_of(node: Any) -> dict[str, Any]:
    inputs = node.get("inputs") if isinstance(node, Mapping) else None
    return inputs if isinstance(inputs, dict) else {}


def _data_of(given: Any) -> dict[str, Any] | None:
    """Return literal data as {path, type?, mode?}; None for bindings, parameters and anything else."""
    if isinstance(given, str):
        reference = parse_azure_reference(given, "data")
        is_uri = given.startswith(("azureml://datastores/", "wasbs://", "abfss://"))
        return {"path": given} if reference is not None or is_uri else None
    if not isinstance(given, Mapping) or not isinstance(given.get("path"), str) or "${{" in given["path"]:
        return None
    return {key: given[key] for key in ("path", "type", "mode", "description") if given.get(key)}


def interfaces_for(documents: Iterable[Document], mirror: Mirror | None) -> dict[Ref, Interface]:
    """Return the interface of every component that documents refer to by version: this change first, then the mirror.

    A document that leaves its version open is entered under the versions the others use for it.
    """
    given = list(documents)
    made = {document.ref: interface_of(document.value) for document in given if _makes_component(document)}
    found: dict[Ref, Interface] = {}
    for document in given:
        for ref in _component_refs(document.value):
            interface = made.get(ref) or made.get(ref.at(None))
            if interface is None and mirror is not None:
                version = mirror.version(ref)
                interface = version.interface if version is not None else None
            if interface is not None:
                found[ref] = interface
    return found | {ref: interface for ref, interface in made.items() if ref is not None}


def _makes_component(document: Document) -> bool:
    return document.kind.is_component and document.ref is not None and isinstance(document.value, Mapping)


def _component_refs(value: Any) -> Iterable[Ref]:
    jobs = value.get("jobs") if isinstance(value, Mapping) else None
    for node in jobs.values() if isinstance(jobs, Mapping) else ():
        written = node.get("component") if isinstance(node, Mapping) else None
        reference = parse_azure_reference(written, "component") if isinstance(written, str) else None
        if reference is not None and reference.ref is not None:
            yield reference.ref


def with_file_references(
    value: Mapping[str, Any], document: Document, refs: Mapping[str, Ref]
) -> tuple[dict[str, Any], list[Repair]]:
    """Return the value with each node's component file replaced by the version its document makes.

    `refs` maps paths of documents to versions; files that are not in it stay as they are.
    """
    copied = deepcopy(dict(value))
    notes: list[Repair] = []
    jobs = copied.get("jobs")
    for name, node in jobs.items() if isinstance(jobs, dict) else ():
        written = node.get("component") if isinstance(node, dict) else None
        if not isinstance(written, str):
            continue
        ref = refs.get(local_path(document.path, written) or "")
        if ref is not None and ref.version is not None:
            node["component"] = f"azureml:{ref.name}:{ref.version}"
            path = f"jobs.{name}.component"
            place = document.parsed.nearest(path)
            message = "the file became the version that this change makes of it"
            notes.append(Repair("lifted-file", path, place[0] if place else None, written, node["component"], message))
    return copied, notes


def run_defaults_of(component_properties: Mapping[str, Any] | None) -> dict[str, Any]:
    """Read the run defaults from a version's properties; empty when there are none, or none that can be read."""
    text = (component_properties or {}).get(RUN_DEFAULTS_PROPERTY)
    if not isinstance(text, str):
        return {}
    try:
        defaults = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return defaults if isinstance(defaults, dict) else {}
