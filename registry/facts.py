"""What the columns of a mirrored row say about a raw object: pure reading of Azure's JSON, no tables written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from mlopsportal.azureml import Json
from mlopsportal.specs import digest, normalize
from mlopsportal.specs.ref import Ref, parse_azure_reference
from registry.errors import Unreadable
from registry.models import AssetKind, RunStatus

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ANONYMOUS = ("azureml_anonymous", "CliV2AnonymousEnvironment")
UNNAMED_OUTPUT = "azureml_"
"""How the names of data begin that steps hand on without a name; lineage speaks of named things."""
_TYPE_KEY = {
    AssetKind.DATA: "dataType",
    AssetKind.MODEL: "modelType",
}


def text(value: Any, longest: int = 255) -> str:
    """Return a text column's value: "" for null, cut, without NUL and half surrogates: databases refuse both."""
    if value is None:
        return ""
    shown = str(value).replace("\x00", "\N{SYMBOL FOR NULL}")[:longest]
    return shown if shown.isascii() else shown.encode("utf-8", "replace").decode("utf-8")


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def moment(value: Any, default: datetime = EPOCH) -> datetime:
    """Return Azure's time stamp as an aware time; `default` for what is none."""
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return default
    if found is None:
        return default
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment_or_none(value: Any) -> datetime | None:
    found = moment(value)
    return None if found == EPOCH else found


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what Python says of JSON in an unforeseen shape into Unreadable: one odd object must not end a sync."""
    try:
        yield
    except (TypeError, AttributeError, KeyError, ValueError, RecursionError) as error:
        raise Unreadable(what, f"{type(error).__name__}: {error}") from error


def properties_of(raw: Json) -> Json:
    return mapping(raw.get("properties"))


def name_of(raw: Json, what: str) -> str:
    """Return the object's name. Raises Unreadable for an object without one."""
    name = raw.get("name")
    if not isinstance(name, str) or not name:
        raise Unreadable(what, "it has no name")
    return text(name)


def tags_of(properties: Json) -> dict[str, str]:
    return {text(key): text(value, 1000) for key, value in mapping(properties.get("tags")).items()}


def asset_columns(kind: str, raw: Json, now: datetime) -> dict[str, Any]:
    """Return the columns of a container. `is_pipeline` is not among them: only versions tell.

    A container's dates are its own, a new version need not move them: `newest_at` holds until a version is read.
    """
    properties = properties_of(raw)
    stamps = mapping(raw.get("systemData"))
    created = moment(stamps.get("createdAt"), now)
    name = name_of(raw, f"a container of {kind}")
    return {
        "kind": kind,
        "name": name,
        "description": text(properties.get("description"), 10_000),
        "is_archived": properties.get("isArchived") is True,
        "is_anonymous": name in ANONYMOUS,
        "latest_version": text(properties.get("latestVersion"), 64),
        "tags": tags_of(properties),
        "created_at": created,
        "modified_at": moment(stamps.get("lastModifiedAt"), created),
        "newest_at": created,
    }


def version_columns(kind: str, name: str, raw: Json, now: datetime) -> dict[str, Any]:
    """Return the columns of a version, but for its definition."""
    properties = properties_of(raw)
    spec = mapping(properties.get("componentSpec"))
    stamps = mapping(raw.get("systemData"))
    created = moment(stamps.get("createdAt"), now)
    return {
        "kind": kind,
        "name": name,
        "version": name_of(raw, f"a version of {kind} {name}")[:64],
        "type": text(version_type(kind, properties), 64),
        "display_name": text(spec.get("display_name") or properties.get("displayName")),
        "description": text(properties.get("description") or spec.get("description"), 10_000),
        "tags": tags_of(properties) or tags_of(spec),
        "is_archived": properties.get("isArchived") is True,
        "created_at": created,
        "created_by": text(stamps.get("createdBy"), 200),
        "modified_at": moment(stamps.get("lastModifiedAt"), created),
        "fingerprint": digest.fingerprint(kind, raw),
        "job_name": text(properties.get("jobName")),
    }


def version_type(kind: str, properties: Json) -> str:
    """Return the type that decides how a version is shown; of an environment: image, conda or build."""
    if kind == AssetKind.COMPONENT:
        spec = mapping(properties.get("componentSpec"))
        return str(spec.get("type") or ("pipeline" if "jobs" in spec else "command"))
    if kind == AssetKind.ENVIRONMENT:
        return "build" if properties.get("build") else "conda" if properties.get("condaFile") else "image"
    return str(properties.get(_TYPE_KEY[AssetKind(kind)]) or "")


def run_columns(raw: Json, now: datetime) -> dict[str, Any]:
    """Return the columns a listing gives for a run; times of start and end come from run history."""
    properties = properties_of(raw)
    stamps = mapping(raw.get("systemData"))
    return {
        "job_name": name_of(raw, "a run"),
        "display_name": text(properties.get("displayName") or raw.get("name")),
        "experiment": text(properties.get("experimentName")),
        "type": text(properties.get("jobType"), 32),
        "status": status_of(properties.get("status")),
        "started_at": moment(stamps.get("createdAt"), now),
        "created_by": text(stamps.get("createdBy"), 200),
        "schedule_name": schedule_of(properties),
        "tags": tags_of(properties),
        "is_archived": properties.get("isArchived") is True,
    }


def status_of(value: Any) -> str:
    """Return a run's status; a word that Azure ML has not used so far is "Unknown", which counts as under way."""
    return str(value) if value in RunStatus.values else RunStatus.UNKNOWN.value


def schedule_of(properties: Json) -> str:
    """Return the name of the schedule that started a run, "" when none did."""
    written = mapping(properties.get("properties")).get("azureml.scheduleId")
    found = parse_azure_reference(written, "schedule") if isinstance(written, str) else None
    return text(found.name) if found else text(written).rpartition("/")[2] if written else ""


def asset_ref(written: Any, kind: str) -> Ref | None:
    """Return the version an asset id or reference names; None for labels, registries, unnamed data and paths."""
    found = parse_azure_reference(written, kind) if isinstance(written, str) else None
    ref = found.ref if found else None
    if ref is None or ref.version is None or ref.name.startswith(UNNAMED_OUTPUT):
        return None
    return ref if ref.kind in AssetKind.values else None


def references_in(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (node path, reference text in the form of `normalize.reference_text`) for everything a definition names."""
    for path, node in _levels(definition, ""):
        for key in ("component", "environment"):
            if isinstance(node.get(key), str):
                yield path, node[key]
        for value in mapping(node.get("inputs")).values():
            if isinstance(value, Mapping) and isinstance(value.get("uri"), str):
                yield path, value["uri"]


def _levels(definition: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield path, definition
    for name, node in mapping(definition.get("jobs")).items():
        below = f"{path}.{name}" if path else str(name)
        if isinstance(node, Mapping):
            yield from _levels(node, below)
            if isinstance(node.get("component"), Mapping):
                yield from _levels(node["component"], below)


def use_columns(reference: str) -> dict[str, str] | None:
    """Return kind, name, version, label and registry of a reference text; None when it names no asset."""
    registry, body = "", reference
    if reference.startswith("azureml://registries/"):
        registry, _, body = reference.removeprefix("azureml://registries/").partition("/")
    kind, colon, rest = body.partition(":")
    if not colon or kind not in AssetKind.values:
        return None
    head, at, label = rest.partition("@")
    name, _, version = head.partition(":")
    columns = {"kind": kind, "name": text(name), "version": text(version, 64)}
    return columns | {"label": text(label, 64) if at else "", "registry": text(registry, 100)}


def anonymous_references(raw: Json) -> list[Ref]:
    """Return the anonymous components that the nodes of a version or a run name."""
    properties = properties_of(raw)
    jobs = mapping(mapping(properties.get("componentSpec")).get("jobs")) | mapping(properties.get("jobs"))
    found = []
    for node in jobs.values():
        use = use_columns(normalize.component_text(node)) if isinstance(node, Mapping) else None
        if use and use["name"] in ANONYMOUS and use["version"]:
            found.append(Ref(use["kind"], use["name"], use["version"]))
    return found
