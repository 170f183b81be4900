"""What kind of thing a document is and which name it bears; judges nothing.

Kinds follow the structure first and `$schema` second: a quarter of real files have no `$schema`, and
`type: pipeline` alone is a job or a component.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from mlopsportal.specs.parse import Parsed, parse
from mlopsportal.specs.ref import InvalidRef, Ref

COMPONENT_NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Azure ML's rule for component names (SDK 1.35: "only lower letter, number, underscore and start with a letter")."""


class Kind(StrEnum):
    """What a document describes; the values are the words shown to people and printed as JSON."""

    COMMAND_COMPONENT = "command component"
    PIPELINE_COMPONENT = "pipeline component"
    OTHER_COMPONENT = "component"
    PIPELINE_JOB = "pipeline job"
    OTHER_JOB = "job"
    SCHEDULE = "schedule"
    OTHER_SCHEDULE = "monitor or import schedule"
    ACTION = "action"
    DATA = "data"
    MODEL = "model"
    ENVIRONMENT = "environment"
    OTHER = "other Azure ML object"
    UNKNOWN = "unknown"

    @property
    def is_component(self) -> bool:
        return self in (Kind.COMMAND_COMPONENT, Kind.PIPELINE_COMPONENT, Kind.OTHER_COMPONENT)

    @property
    def is_pipeline(self) -> bool:
        return self in (Kind.PIPELINE_COMPONENT, Kind.PIPELINE_JOB)


ACTIONS = ("archive", "restore", "enable", "disable", "delete", "run", "cancel")
"""The verbs of our own action documents: `{action: archive, target: "component:train:3"}`."""


@dataclass(frozen=True)
class Document:
    """One file of a change: its path inside the bundle, its text, and what the text says."""

    path: str
    text: str
    parsed: Parsed
    kind: Kind

    @property
    def value(self) -> Any:  # plain JSON value as parsed; None when the text could not be read
        return self.parsed.value

    def with_value(self, value: Any) -> Document:
        """Return the document saying something else (repaired, lifted); text and places stay those of the original."""
        return Document(self.path, self.text, replace(self.parsed, value=value), kind_of(value))

    @cached_property
    def ref(self) -> Ref | None:
        """Name what the document makes or changes; None when that cannot be told.

        A pipeline job is named as the pipeline version it is lifted to. The version is None when the
        document leaves it open.
        """
        try:
            return _ref_of(self.kind, self.value, self.path)
        except InvalidRef:
            return None


def read(path: str, text: str | bytes) -> Document:
    """Read a document. Never raises."""
    parsed = parse(text)
    return Document(path, parsed.text, parsed, kind_of(parsed.value))


def of_value(path: str, value: Any) -> Document:
    """Make a document of a value that has no text (a mirrored version, a lifted pipeline); its places are not known."""
    return Document(path, "", Parsed("", value, ()), kind_of(value))


_SCHEMA_KINDS = (
    ("commandcomponent", Kind.COMMAND_COMPONENT),
    ("pipelinecomponent", Kind.PIPELINE_COMPONENT),
    ("pipelinejob", Kind.PIPELINE_JOB),
    ("schedule", Kind.SCHEDULE),
    ("environment", Kind.ENVIRONMENT),
    ("model", Kind.MODEL),
    ("data.schema", Kind.DATA),
    ("component", Kind.OTHER_COMPONENT),
    ("commandjob", Kind.OTHER_JOB),
    ("sweepjob", Kind.OTHER_JOB),
    ("sparkjob", Kind.OTHER_JOB),
    ("automl", Kind.OTHER_JOB),
    ("job", Kind.OTHER_JOB),
)
_COMPONENT_TYPES = frozenset({"parallel", "spark", "automl", "data_transfer", "import", "sweep", "flow_parallel"})
_JOB_KEYS = frozenset({"experiment_name", "compute", "limits", "services", "queue_settings", "settings"})
_DATA_TYPES = frozenset({"uri_folder", "uri_file", "mltable"})
_MODEL_TYPES = frozenset({"custom_model", "mlflow_model", "triton_model"})


def kind_of(value: Any) -> Kind:
    """Tell the kind of a parsed value; UNKNOWN for anything that is not Azure ML's or ours."""
    if not isinstance(value, Mapping):
        return Kind.UNKNOWN
    if "action" in value and "target" in value:
        return Kind.ACTION
    schema = _schema_kind(value.get("$schema"))
    if _looks_like_schedule(value, schema):
        monitors = "create_monitor" in value or "import_data" in value
        return Kind.OTHER_SCHEDULE if monitors else Kind.SCHEDULE
    declared = value["type"].lower() if isinstance(value.get("type"), str) else value.get("type")
    if declared == "pipeline" or isinstance(value.get("jobs"), Mapping):
        return _pipeline_kind(value, schema)
    if declared == "command" or (declared is None and "command" in value):
        return _command_kind(value, schema)
    if schema is not None:
        return schema
    return _other_kind(value)


def _schema_kind(schema: Any) -> Kind | None:
    if not isinstance(schema, str):
        return None
    last = schema.rstrip("/").rpartition("/")[2].lower()
    return next((kind for word, kind in _SCHEMA_KINDS if word in last), None)


def _looks_like_schedule(value: Mapping[str, Any], schema: Kind | None) -> bool:
    if "command" in value or "jobs" in value:
        return False
    actions = ("create_job", "create_monitor", "import_data")
    if schema is Kind.SCHEDULE or any(key in value for key in actions):
        return True
    return isinstance(value.get("trigger"), Mapping) and ("job" in value or "type" in value["trigger"])


def _pipeline_kind(value: Mapping[str, Any], schema: Kind | None) -> Kind:
    if schema in (Kind.PIPELINE_COMPONENT, Kind.PIPELINE_JOB):
        return schema
    if "jobs" not in value and schema not in (None, Kind.OTHER_COMPONENT):
        return schema
    if any(key in value for key in ("is_deterministic", "sourceJobId")) or schema is Kind.OTHER_COMPONENT:
        return Kind.PIPELINE_COMPONENT
    return Kind.PIPELINE_COMPONENT if "version" in value and not _is_run(value) else Kind.PIPELINE_JOB


def _is_run(value: Mapping[str, Any]) -> bool:
    """Does a pipeline say how it is run, or give its inputs plain values? Then it is a job, whatever its version."""
    inputs = value.get("inputs")
    given = inputs.values() if isinstance(inputs, Mapping) else ()
    return not _JOB_KEYS.isdisjoint(value) or any(isinstance(item, str | int | float) for item in given)


def _command_kind(value: Mapping[str, Any], schema: Kind | None) -> Kind:
    if schema in (Kind.COMMAND_COMPONENT, Kind.OTHER_JOB):
        return schema
    if "version" not in value and any(key in value for key in _JOB_KEYS):
        return Kind.OTHER_JOB
    return Kind.COMMAND_COMPONENT


def _other_kind(value: Mapping[str, Any]) -> Kind:
    declared = _text(value.get("type"))
    if declared in _DATA_TYPES and "path" in value:
        return Kind.DATA
    if declared in _MODEL_TYPES and "path" in value:
        return Kind.MODEL
    if "name" in value and any(key in value for key in ("image", "build", "conda_file")):
        return Kind.ENVIRONMENT
    if declared in _COMPONENT_TYPES:
        return Kind.OTHER_JOB if "version" not in value and _JOB_KEYS & value.keys() else Kind.OTHER_COMPONENT
    if isinstance(value.get("$schema"), str) and "azureml" in value["$schema"]:
        return Kind.OTHER
    return Kind.UNKNOWN


def legal_component_name(text: str) -> str:
    """Make a legal component name of any text: `training-pipeline` becomes `training_pipeline`."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not name:
        return "pipeline"
    return name if name[0].isalpha() else f"p_{name}"


def stem(path: str) -> str:
    """Return the file name of a document's path without its last ending."""
    return PurePosixPath(path.replace("\\", "/")).stem


def pipeline_name(value: Mapping[str, Any], path: str) -> str:
    """Name the pipeline that a pipeline job is lifted to: its `name`, else the file's stem, made legal."""
    name = value.get("name")
    return legal_component_name(name if isinstance(name, str) and name else stem(path))


def trigger_type(value: Any) -> str | None:
    """Return the `type` of a schedule's trigger ("recurrence", "cron", our "data"); None when it has none."""
    trigger = value.get("trigger") if isinstance(value, Mapping) else None
    declared = trigger.get("type") if isinstance(trigger, Mapping) else None
    return declared.lower() if isinstance(declared, str) else None


def _ref_of(kind: Kind, value: Any, path: str) -> Ref | None:
    if not isinstance(value, Mapping):
        return None
    if kind is Kind.ACTION:
        return _action_ref(value)
    name, version = _text(value.get("name")), _text(value.get("version"))
    if kind is Kind.PIPELINE_JOB:
        return Ref("component", pipeline_name(value, path), version)
    if name is None:
        return None
    if kind in (Kind.SCHEDULE, Kind.OTHER_SCHEDULE):
        return Ref("trigger" if trigger_type(value) == "data" else "schedule", name)
    if kind.is_component:
        return Ref("component", name, version)
    if kind in (Kind.DATA, Kind.MODEL, Kind.ENVIRONMENT):
        return Ref(str(kind), name, version)
    return None


def _action_ref(value: Mapping[str, Any]) -> Ref | None:
    target = _text(value.get("target"))
    if target is None:
        return None
    name = _text(value.get("name"))
    if value.get("action") == "run" and name is not None:
        return Ref("run", name)
    return Ref.parse(target).without_workspace()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
