"""A schedule as the YAML document that makes it: from a form's values, and from what the workspace holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.normalize import short_form, unwrap_main
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.triggers import yaml_form

SCHEMA = "https://azuremlschemas.azureedge.net/latest/schedule.schema.json"
_TRIGGER_KEYS = ("type", "frequency", "interval", "expression", "schedule", "time_zone", "start_time", "end_time")

_OUTPUT_KEYS = {"jobOutputType": "type", "assetName": "name", "assetVersion": "version", "uri": "path"}
_MODES = {
    "ReadOnlyMount": "ro_mount",
    "ReadWriteMount": "rw_mount",
    "Download": "download",
    "Direct": "direct",
    "EvalMount": "eval_mount",
    "EvalDownload": "eval_download",
}


def schedule_document(
    *,
    name: str,
    display_name: str,
    description: str,
    trigger: Mapping[str, Any],
    pipeline: Ref,
    inputs: Mapping[str, Any],
    experiment: str = "",
    compute: str = "",
    tags: Mapping[str, str] | None = None,
    force_rerun: bool | None = None,
    outputs: Mapping[str, Any] | None = None,
    job_texts: Mapping[str, Any] | None = None,
    is_enabled: bool = True,
) -> dict[str, Any]:
    """Return the YAML value of a schedule that runs a registered pipeline version.

    `inputs` and `outputs` are those of the job in YAML form, `job_texts` its name, description and tags. The plan
    turns the reference to the version into a whole job, with the version's run defaults for what is not said here.
    """
    document: dict[str, Any] = {"$schema": SCHEMA, "name": name}
    if display_name:
        document["display_name"] = display_name
    if description:
        document["description"] = description
    if tags:
        document["tags"] = dict(tags)
    if not is_enabled:
        document["is_enabled"] = False
    document["trigger"] = {key: trigger[key] for key in _TRIGGER_KEYS if trigger.get(key) not in (None, "", [], {})}
    settings: dict[str, Any] = {"default_compute": f"azureml:{compute}"} if compute else {}
    if force_rerun is not None:
        settings["force_rerun"] = force_rerun
    said = {"experiment_name": experiment, "inputs": dict(inputs), "outputs": dict(outputs or {}), "settings": settings}
    document["create_job"] = _job_document(pipeline, {**(job_texts or {}), **said})
    return document


def _job_document(pipeline: Ref, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the job of a schedule: the version it runs, and what is said of the run, as far as something is."""
    told = {key: value for key, value in said.items() if value}
    return {"type": "pipeline", "job": f"azureml:{pipeline.name}:{pipeline.version}", **told}


def scheduled_pipeline(raw: Mapping[str, Any]) -> Ref | None:
    """Return the pipeline version a mirrored schedule runs; None when its job is not in the one-node form."""
    node = unwrap_main(_job(raw).get("jobs"))
    if node is None:
        return None
    written = str(node.get("componentId", node.get("component", "")))
    name, _, version = short_form(written).removeprefix("azureml:").partition(":")
    return Ref("component", name, version) if name and version else None


def job_inputs(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input values of a mirrored schedule's job in YAML form: `{port: literal | {type, path, mode}}`."""
    shown: dict[str, Any] = {}
    for port, given in (_job(raw).get("inputs") or {}).items():
        if not isinstance(given, Mapping):
            shown[port] = given
        elif "uri" in given:
            shown[port] = {"type": given.get("jobInputType", "uri_folder"), "path": short_form(str(given["uri"]))}
            if given.get("mode") in _MODES:
                shown[port]["mode"] = _MODES[given["mode"]]
        else:
            shown[port] = given.get("value")
    return shown


def job_outputs(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs of a mirrored schedule's job that say more than every run of the pipeline does."""
    shown: dict[str, Any] = {}
    for port, given in (_job(raw).get("outputs") or {}).items():
        if isinstance(given, Mapping) and any(given.get(key) for key in ("assetName", "assetVersion", "uri")):
            shown[port] = {_OUTPUT_KEYS[key]: given[key] for key in _OUTPUT_KEYS if given.get(key)}
            if given.get("mode") in _MODES:
                shown[port]["mode"] = _MODES[given["mode"]]
    return shown


def job_compute(raw: Mapping[str, Any]) -> str:
    """Return the name of the default compute of a mirrored schedule's job, "" when none is set."""
    settings = _job(raw).get("settings") or {}
    written = str(settings.get("default_compute") or settings.get("defaultCompute") or "")
    return short_form(written).removeprefix("azureml:")


def job_experiment(raw: Mapping[str, Any]) -> str:
    return str(_job(raw).get("experimentName") or "")


def job_force_rerun(raw: Mapping[str, Any]) -> bool | None:
    """Return whether every fire runs all steps anew; None when the schedule does not say."""
    return (_job(raw).get("settings") or {}).get("force_rerun")


def job_texts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every run a mirrored schedule starts is called: `{display_name, description, tags}`."""
    job = _job(raw)
    return {"display_name": job.get("displayName"), "description": job.get("description"), "tags": job.get("tags")}


def trigger_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mirrored schedule's trigger in YAML form, its fixed words in the small letters that YAML asks for."""
    trigger = yaml_form((raw.get("properties") or {}).get("trigger") or {})
    small: dict[str, Any] = {key: str(trigger[key]).lower() for key in ("type", "frequency") if key in trigger}
    pattern = trigger.get("schedule")
    if isinstance(pattern, Mapping) and isinstance(pattern.get("week_days"), list):
        small["schedule"] = {**pattern, "week_days": [str(day).lower() for day in pattern["week_days"]]}
    return {**trigger, **small}


def _job(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    action = (raw.get("properties") or {}).get("action") or {}
    job = action.get("jobDefinition")
    return job if isinstance(job, Mapping) else {}


_KNOWN_PROPERTIES = frozenset(
    {
        "displayName",
        "description",
        "tags",
        "properties",
        "trigger",
        "action",
        "isEnabled",
        "provisioningState",
        "provisioningStatus",
    }
)
_KNOWN_JOB = frozenset(
    {
        "jobType",
        "experimentName",
        "displayName",
        "description",
        "tags",
        "properties",
        "isArchived",
        "inputs",
        "outputs",
        "settings",
        "jobs",
        "computeId",
        "services",
        "status",
        "sourceJobId",
    }
)
_KNOWN_SETTINGS = frozenset(["default_compute", "defaultCompute", "_source", "force_rerun"])
_KNOWN_NODE = frozenset(["name", "type", "componentId", "component", "inputs", "outputs", "_source"])


def is_form_editable(raw: Mapping[str, Any]) -> bool:
    """Can the form say all that this schedule says? Where not, it is edited as YAML, so that nothing is lost."""
    properties, job = raw.get("properties") or {}, _job(raw)
    node = unwrap_main(job.get("jobs"))
    if node is None or scheduled_pipeline(raw) is None or trigger_of(raw).get("type", "").lower() not in _TRIGGERS:
        return False
    settings = job.get("settings") or {}
    bound = {port: _bound(given) for port, given in (node.get("inputs") or {}).items()}
    return (
        _says_only(properties, _KNOWN_PROPERTIES)
        and _says_only(job, _KNOWN_JOB)
        and _says_only(settings, _KNOWN_SETTINGS)
        and _says_only(node, _KNOWN_NODE)
        and not properties.get("properties")
        and bound == {port: f"${{{{parent.inputs.{port}}}}}" for port in job.get("inputs") or {}}
    )


_TRIGGERS = ("recurrence", "cron")


def _says_only(part: Mapping[str, Any], known: frozenset[str]) -> bool:
    return all(key in known for key, value in part.items() if value not in (None, "", {}, [], False))


def _bound(given: Any) -> Any:
    return given.get("value") if isinstance(given, Mapping) else given


def yaml_document(name: str, raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the YAML value that makes a mirrored schedule again; None when its job is not in the one-node form."""
    pipeline = scheduled_pipeline(raw)
    if pipeline is None:
        return None
    properties = raw.get("properties") or {}
    return schedule_document(
        name=name,
        display_name=str(properties.get("displayName") or ""),
        description=str(properties.get("description") or ""),
        trigger=trigger_of(raw),
        pipeline=pipeline,
        inputs=job_inputs(raw),
        experiment=job_experiment(raw),
        compute=job_compute(raw),
        force_rerun=job_force_rerun(raw),
        outputs=job_outputs(raw),
        job_texts=job_texts(raw),
        is_enabled=properties.get("isEnabled") is not False,
        tags=properties.get("tags") or {},
    )
