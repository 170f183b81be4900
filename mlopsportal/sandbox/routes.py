"""Which function answers which address; the table of wire operations the sandbox knows."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from werkzeug.routing import Map, Rule

from mlopsportal.sandbox import assets, blobs, control, history, jobs, operations, places, schedules
from mlopsportal.sandbox.arm import Place, Reply

# Every plane carries the workspace in its address; what is left decides. Case of the fixed words does not matter.
_PREFIX = re.compile(
    r"^(?P<plane>/history/v1\.0|/metric/v2\.0)?/subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<rg>[^/]+)"
    r"/providers/microsoft\.machinelearningservices(?P<rest>/.*)$",
    re.IGNORECASE,
)
_OPERATION = re.compile(r"^/subscriptions/[^/]+/providers/[^/]+/locations/[^/]+(?P<rest>/mfeOperation.*)$")
OPEN_PLANES = ("/discovery", "/st1/", "/sandbox/", "/metadata/")

Handler = Callable[..., Reply]


def _rules() -> list[tuple[str, str, Handler]]:
    """(method, path, handler)."""
    kinds = "<any(components,data,environments,models,codes):kind>"
    flats = "<any(datastores,computes):kind>"
    ws = "/arm/workspaces/<ws>"
    rules: list[tuple[str, str, Handler]] = [
        ("GET", "/discovery", places.discovery),
        ("GET", "/arm/workspaces", places.list_workspaces),
        ("GET", ws, places.get_workspace),
        ("GET", f"{ws}/{kinds}", assets.list_containers),
        ("GET", f"{ws}/{kinds}/<name>", assets.get_container),
        ("PUT", f"{ws}/{kinds}/<name>", assets.put_container),
        ("GET", f"{ws}/{kinds}/<name>/versions", assets.list_versions),
        ("GET", f"{ws}/{kinds}/<name>/versions/<version>", assets.get_version),
        ("PUT", f"{ws}/{kinds}/<name>/versions/<version>", assets.put_version),
        ("POST", f"{ws}/{kinds}/<name>/versions/<version>/startPendingUpload", assets.start_upload),
        ("GET", f"{ws}/{flats}", places.list_flat),
        ("GET", f"{ws}/{flats}/<name>", places.get_flat),
        ("PUT", f"{ws}/{flats}/<name>", places.refuse_write),
        ("POST", f"{ws}/datastores/<name>/listSecrets", places.list_secrets),
        ("GET", f"{ws}/jobs", jobs.list_jobs),
        ("GET", f"{ws}/jobs/<name>", jobs.get_job),
        ("PUT", f"{ws}/jobs/<name>", jobs.put_job),
        ("DELETE", f"{ws}/jobs/<name>", jobs.delete_job),
        ("POST", f"{ws}/jobs/<name>/cancel", jobs.cancel_job),
        ("GET", f"{ws}/schedules", schedules.list_schedules),
        ("GET", f"{ws}/schedules/<name>", schedules.get_schedule),
        ("PUT", f"{ws}/schedules/<name>", schedules.put_schedule),
        ("DELETE", f"{ws}/schedules/<name>", schedules.delete_schedule),
        ("POST", f"{ws}/schedules/<name>/trigger", schedules.trigger_schedule),
        ("GET", f"{ws}/providers/Microsoft.Authorization/permissions", places.list_permissions),
        ("GET", "/operations/mfeOperationResults/<key>", operations.result),
        ("GET", "/operations/mfeOperationsStatus/<key>", operations.status),
    ]
    return rules + _data_plane() + _control()


def _data_plane() -> list[tuple[str, str, Handler]]:
    runs = "/history/workspaces/<ws>/runs/<name>"
    by_experiment = "/history/workspaces/<ws>/experiments/<experiment>/runs/<name>"
    by_experiment_id = "/history/workspaces/<ws>/experimentids/<experiment>/runs/<name>"
    metrics = "/metric/workspaces/<ws>/runs/<name>"
    rules: list[tuple[str, str, Handler]] = []
    for base in (runs, by_experiment, by_experiment_id):
        rules += [
            ("GET", base, history.get_run),
            ("PATCH", base, history.patch_run),
            ("GET", f"{base}/children", history.children),
            ("GET", f"{base}/details", history.details),
        ]
    return [
        *rules,
        ("POST", "/history/workspaces/<ws>/rundata", history.rundata),
        ("POST", f"{metrics}/list", history.list_metrics),
        ("POST", f"{metrics}/full", history.full_metric),
        ("POST", f"{metrics}/lastvalues", history.last_values),
        ("GET", "/st1/<path:path>", blobs.get_blob),
        ("PUT", "/st1/<path:path>", blobs.put_blob),
    ]


def _control() -> list[tuple[str, str, Handler]]:
    return [
        ("GET", "/sandbox/journal", control.read_journal),
        ("POST", "/sandbox/edit", control.edit),
        ("GET", "/sandbox/clock", control.read_clock),
        ("POST", "/sandbox/clock", control.advance_clock),
        ("POST", "/sandbox/failing-steps", control.fail_step),
        ("GET", "/sandbox/faults", control.list_faults),
        ("POST", "/sandbox/faults", control.add_fault),
        ("DELETE", "/sandbox/faults", control.clear_faults),
        ("POST", "/sandbox/reset", control.reset),
    ]


@cache
def url_map() -> Map:
    """Endpoints are handlers. Compiling the rules takes longer than all else that opens a sandbox."""
    return Map(
        [Rule(path, methods=[method], endpoint=handler) for method, path, handler in _rules()],
        merge_slashes=False,
        redirect_defaults=False,
    )


def inner_path(path: str, place: Place) -> str | None:
    """The path the table is written in; None when it lies outside this sandbox's subscription and group."""
    if found := _PREFIX.match(path):
        if found["sub"].lower() != place.subscription_id.lower() or found["rg"].lower() != place.resource_group.lower():
            return None
        plane = {"/history/v1.0": "/history", "/metric/v2.0": "/metric"}.get((found["plane"] or "").lower(), "/arm")
        return f"{plane}{found['rest']}"
    if operation := _OPERATION.match(path):
        return f"/operations{operation['rest']}"
    return path if path.startswith(OPEN_PLANES) else None
