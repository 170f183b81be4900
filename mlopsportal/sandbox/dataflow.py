"""What flows through a run's steps: asset ids of data in and out, named outputs, parameters; knows no time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlopsportal.sandbox.arm import Json, Place, target_of, whole_number
from mlopsportal.sandbox.expansion import Source, Step, parent_output
from mlopsportal.sandbox.world import Call


def step_details(
    call: Call, spec: Json, steps: Sequence[Step], names: Mapping[str, str], reused: Mapping[str, Json]
) -> dict[str, Json]:
    """What each step's row holds besides times: component, data in and out with asset ids, parameters.

    `names` are the steps' run names; `reused` holds the outputs of the earlier steps whose work serves again.
    """
    named = _named_outputs(spec, steps)
    made: dict[tuple[str, str], Json] = {}
    details: dict[str, Json] = {}
    for step in steps:
        outputs = _outputs(call, step, names[step.path], named, reused)
        made |= {(step.path, port): value for port, value in outputs.items()}
    for step in steps:
        data, parameters = _inputs(call.place, step, made)
        outputs = {
            port: made[source.step, source.port]
            for port, source in step.outputs.items()
            if source.step and (source.step, source.port) in made
        }
        details[step.path] = {
            "displayName": step.name,
            "tags": {},
            "properties": {},
            "componentId": step.component_id,
            "inputs": data,
            "parameters": parameters,
            "outputs": outputs,
            "compute": step.node.get("computeId") or (spec.get("settings") or {}).get("default_compute") or "",
        }
    return details


def _named_outputs(spec: Json, steps: Sequence[Step]) -> dict[tuple[str, str], tuple[str, str]]:
    """(leaf path, port) -> (asset name, version or nothing), wherever a name was given on the way up."""
    named: dict[tuple[str, str], tuple[str, str]] = {}
    graphs = [("", spec.get("outputs") or {}, spec["jobs"])]
    by_path = {step.path: step for step in steps}
    for step in steps:
        if step.is_pipeline:
            graphs.append((step.path, {}, step.spec.get("jobs") or {}))
    for prefix, outer, jobs in graphs:
        for node_name, node in jobs.items():
            step = by_path[f"{prefix}/{node_name}" if prefix else node_name]
            for port, value in (node.get("outputs") or {}).items():
                asset = _asset_name(value) or _asset_name(outer.get(parent_output(value) or ""))
                source = step.outputs.get(port)
                if asset and source and source.step:
                    named[source.step, source.port] = asset
    return named


def _asset_name(value: Any) -> tuple[str, str] | None:
    if not isinstance(value, dict):
        return None
    name = value.get("assetName") or value.get("asset_name") or value.get("name")
    version = value.get("assetVersion") or value.get("asset_version") or value.get("version") or ""
    return (str(name), str(version)) if name else None


def _outputs(
    call: Call,
    step: Step,
    run_name: str,
    named: Mapping[tuple[str, str], tuple[str, str]],
    reused: Mapping[str, Json],
) -> dict[str, Json]:
    """A leaf's output ports; a reused step's are those of the step that did the work."""
    if step.is_pipeline:
        return {}
    if step.path in reused:
        return dict(reused[step.path])
    found = {}
    for port, source in step.outputs.items():
        kind = "models" if source.type.endswith("_model") else "data"
        name, version = named.get((step.path, port), ("", ""))
        if name and not version:
            versions = [
                number for text in call.store.versions(kind, name) if (number := whole_number(text)) is not None
            ]
            version = str(max(versions, default=0) + 1)
        registered = bool(name)
        name, version = (name, version) if name else (f"azureml_{run_name}_output_data_{port}", "1")
        uri = f"azureml://datastores/workspaceblobstore/paths/azureml/{run_name}/{port}/"
        asset = call.place.asset_id(kind if registered else "data", name, version)
        found[port] = {"assetId": asset, "type": source.type, "uri": uri, "registered": registered}
    return found


def _inputs(place: Place, step: Step, made: Mapping[tuple[str, str], Json]) -> tuple[dict[str, Json], dict[str, str]]:
    """Data inputs with asset ids, and literal parameters."""
    data: dict[str, Json] = {}
    parameters: dict[str, str] = {}
    for port, source in step.inputs.items():
        if source.step:
            origin = made.get((source.step, source.port))
            if origin:
                data[port] = {"assetId": origin["assetId"], "type": source.type}
        elif source.uri is not None:
            data[port] = {"assetId": _asset_id(place, source), "type": source.type}
        elif source.literal:
            parameters[port] = source.literal
    return data, parameters


def _asset_id(place: Place, source: Source) -> str:
    """The run-history id of a data version, or the address itself when it is only a path."""
    text = source.uri or ""
    for kind in ("data", "models"):
        if f"/{kind}/" in text or (kind == "data" and text.startswith("azureml:") and "://" not in text):
            target = target_of(text, kind, place) if "://" not in text else None
            if target and target.version:
                return place.asset_id(kind, target.name, target.version)
    return text
