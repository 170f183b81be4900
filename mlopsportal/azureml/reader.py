"""Reads a workspace as the raw JSON of Azure Resource Manager and run history; keeps what is there, judges nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from mlopsportal.azureml.answers import json_object
from mlopsportal.azureml.errors import BadResponse, Forbidden, NotFound, UnknownOutcome, Unreachable
from mlopsportal.azureml.exchange import Exchange
from mlopsportal.azureml.reading import READ_TIMEOUT, Reading, successful
from mlopsportal.azureml.records import Json, Page, Target, WorkspaceInfo
from mlopsportal.specs.ref import Ref, arm_id

_HISTORY_VERSION = "v1.0"
_WORKSPACE_VERSION = "2024-10-01-preview"
_PERMISSIONS_VERSION = "2022-04-01"
_API_VERSIONS: Mapping[str, str] = {
    "components": "2024-01-01-preview",
    "data": "2023-04-01-preview",
    "environments": "2023-04-01-preview",
    "models": "2023-08-01-preview",
    "codes": "2023-04-01",
    "jobs": "2024-01-01-preview",
    "schedules": "2023-06-01-preview",
    "computes": "2023-08-01-preview",
    "datastores": "2024-10-01-preview",
}
"""The versions azure-ai-ml 1.35.2 asks for, so that the mirror holds what the SDK would see."""
_COLLECTIONS: Mapping[str, tuple[str, str]] = {
    "component": ("components", "All"),
    "data": ("data", "All"),
    "environment": ("environments", "All"),
    "model": ("models", "All"),
    "run": ("jobs", "All"),
    "schedule": ("schedules", "All"),
    "compute": ("computes", ""),
    "datastore": ("datastores", ""),
}
_WRITE = "microsoft.machinelearningservices/workspaces/components/versions/write"
_MIRRORED = ("component", "data", "model", "environment", "run", "schedule")
_MOST_METRICS = 200
_MOST_METRIC_PAGES = 20
MOST_LOG_BYTES = 1024 * 1024


class Reader:
    """Reads one workspace. Every method raises the AzureError family; only the address of run history is cached."""

    def __init__(self, target: Target, exchange: Exchange) -> None:
        self._base = target.base
        self._exchange = exchange
        self._arm = Reading(exchange, exchange.cloud.endpoint)
        self._history_reading: Reading | None = None
        self._log_hosts: set[tuple[str, str]] = set()

    def get(self, arm_path: str, api_version: str | None = None) -> Json | None:
        """The object at an ARM id, None when it is not there (or the whole workspace is not: `check` tells)."""
        version = api_version or _api_version(arm_path)
        return self._arm.object_or_none(f"{quote(arm_path, safe='/@:')}?{urlencode({'api-version': version})}")

    def fingerprint_source(self, ref: Ref) -> Json | None:
        """The live object a reference names, as the service tells it; None when it is not there."""
        return self.get(arm_id(self._base, ref))

    def pages(self, kind: str, *, name: str | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The pages of a listing, archived and disabled objects included.

        `kind` is component, data, model, environment (containers, or with `name` the versions of one), run (newest
        first), schedule, compute or datastore. `cursor` is a page's `next_cursor`: the listing goes on after that page.
        Nothing is read before the first page is asked for. A listing that raises on the way says nothing about what it
        did not reach.
        """
        collection, view = _COLLECTIONS[kind]
        path = f"{self._base}/{collection}"
        if name is not None:
            path += f"/{quote(name, safe='')}/versions"
        query = {"api-version": _API_VERSIONS[collection]} | ({"listViewType": view} if view else {})
        return self._arm.pages(cursor or f"{path}?{urlencode(query)}")

    def workspace(self) -> Json:
        """The workspace itself. Raises NotFound when there is none of that name."""
        return self._arm.object(f"{self._base}?{urlencode({'api-version': _WORKSPACE_VERSION})}")

    def check(self) -> WorkspaceInfo:
        """Read the workspace and one page of each listing that the mirror needs."""
        found = self.workspace()
        properties = json_object(found.get("properties")) or {}
        return WorkspaceInfo(
            arm_id=str(found.get("id") or self._base),
            name=str(found.get("name") or ""),
            display_name=str(properties.get("friendlyName") or found.get("name") or ""),
            region=str(found.get("location") or ""),
            workspace_id=str(properties.get("workspaceId") or ""),
            readable={kind: self._may_list(kind) for kind in _MIRRORED},
            writable=self._may_write(),
        )

    def _may_list(self, kind: str) -> bool:
        try:
            next(self.pages(kind))
        except Forbidden:
            return False
        return True

    def _may_write(self) -> bool | None:
        """Whether Azure's own list of permissions holds writing components; None where there is no such list."""
        path = f"{self._base}/providers/Microsoft.Authorization/permissions"
        try:
            answer = self._arm.object(f"{path}?{urlencode({'api-version': _PERMISSIONS_VERSION})}")
        except (NotFound, Forbidden):
            return None
        grants = answer.get("value")
        return isinstance(grants, list) and any(_allows(grant, _WRITE) for grant in grants)

    # Run history: a service of the workspace's region, found through the workspace.

    def run(self, job_name: str) -> Json | None:
        """A run or a step with its times, as run history tells it."""
        return self._history.object_or_none(self._run_path(job_name))

    def children(self, job_name: str, *, cursor: str | None = None) -> Iterator[Page]:
        """The pages of a run's steps."""
        return self._history.pages(cursor or self._run_path(job_name, "/children"))

    def metrics(self, job_name: str) -> dict[str, list[Json]]:
        """A run's metric values by name, each `{metricId, createdUtc, step, data: {column: value}}`, oldest first."""
        runs = f"/metric/v2.0{self._base}/runs/{quote(job_name, safe='')}"
        try:
            listing = self._history.object(f"{runs}/list", method="POST", content=b"{}")
        except NotFound:
            return {}
        names = [str(metric.get("name")) for metric in _objects(listing, "value")]
        return {name: self._metric(f"{runs}/full", name) for name in names[:_MOST_METRICS]}

    def _metric(self, path: str, name: str) -> list[Json]:
        values: list[Json] = []
        question: Json = {"metricName": name}
        for _ in range(_MOST_METRIC_PAGES):
            page = self._history.object(path, method="POST", content=_bytes(question))
            values += _objects(page, "value")
            token = page.get("continuationToken")
            if not token:
                break
            question["continuationToken"] = token
        return values

    def logs(self, job_name: str) -> dict[str, str]:
        """The addresses of a run's log files by name; they carry signatures, so they are neither stored nor shown."""
        details = self._history.object(self._run_path(job_name, "/details"))
        files = {str(name): str(url) for name, url in (json_object(details.get("logFiles")) or {}).items()}
        self._log_hosts |= {_host(url) for url in files.values()}
        return files

    def log_text(self, url: str, max_bytes: int = MOST_LOG_BYTES) -> str:
        """The beginning of a log file. `url` comes from `logs` of this connection: another host is a ValueError.

        Sent without a token and without following redirects.
        """
        if _host(url) not in self._log_hosts or not self._exchange.cloud.is_private(url):
            raise ValueError("the address of a log file comes from the service, over TLS or on loopback")
        try:
            answer = self._exchange.send("GET", url, timeout=READ_TIMEOUT, limit=max_bytes, signed=False)
        except UnknownOutcome as error:
            raise Unreachable(error.message) from None
        return successful(answer).content.decode("utf-8", errors="replace")

    def _run_path(self, job_name: str, suffix: str = "") -> str:
        query = urlencode({"api-version": _HISTORY_VERSION})
        return f"/history/v1.0{self._base}/runs/{quote(job_name, safe='')}{suffix}?{query}"

    @property
    def _history(self) -> Reading:
        if self._history_reading is None:
            self._history_reading = Reading(self._exchange, self._discover())
        return self._history_reading

    def _discover(self) -> str:
        """The base URL of the region's run history, through the workspace's discovery document."""
        properties = json_object(self.workspace().get("properties")) or {}
        url = str(properties.get("discoveryUrl") or "")
        try:
            answer = successful(self._exchange.send("GET", self._trusted(url), timeout=READ_TIMEOUT, signed=False))
            api = answer.json()["api"]
        except (ValueError, KeyError, TypeError):
            raise BadResponse("the workspace's discovery document names no api") from None
        except UnknownOutcome as error:
            raise Unreachable(error.message) from None
        return self._trusted(str(api))

    def _trusted(self, url: str) -> str:
        if not self._exchange.cloud.may_receive_token(url):
            raise BadResponse(f"the workspace names {urlsplit(url).netloc or 'nothing'} as its run history")
        return url


def _allows(grant: Any, action: str) -> bool:
    """Whether one entry of Azure's permission list holds an action, `*` standing for anything."""
    if not isinstance(grant, dict):
        return False
    return _matches(grant.get("actions"), action) and not _matches(grant.get("notActions"), action)


def _matches(patterns: Any, action: str) -> bool:
    return isinstance(patterns, list) and any(fnmatchcase(action, str(pattern).lower()) for pattern in patterns)


def _api_version(arm_path: str) -> str:
    _, _, below = arm_path.partition("/workspaces/")
    parts = below.split("/")
    return _API_VERSIONS.get(parts[1], _WORKSPACE_VERSION) if len(parts) > 1 else _WORKSPACE_VERSION


def _objects(body: Json, key: str) -> list[Json]:
    value = body.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _bytes(body: Json) -> bytes:
    return json.dumps(body).encode()


def _host(url: str) -> tuple[str, str]:
    address = urlsplit(url)
    return address.scheme, address.netloc
