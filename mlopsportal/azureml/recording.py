"""A `requests` adapter that lets reads through and keeps writes instead of sending them; knows no Azure ML kinds."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from mlopsportal.azureml.records import Json

_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Recorded:
    """A write that was kept: the whole URL, and the body as sent, None without one."""

    method: str
    url: str
    body: Json | None


class Recorder(HTTPAdapter):
    """Answers each write with an echo, as the service would on success, and later reads of the same object with it too.

    So a plan may read what an earlier document of the same plan would have made.
    """

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[Recorded] = []
        self._echoes: dict[str, Json] = {}

    def forget(self) -> None:
        """Answer from the service again, whatever was written."""
        self.writes.clear()
        self._echoes.clear()

    # requests passes stream, timeout, verify, cert and proxies on: they matter to the real adapter only.
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Called by requests for every request of the session."""
        path = urlsplit(request.url or "").path
        if request.method not in _READS:
            return _response(request, self._keep(request, path))
        if path in self._echoes:
            return _response(request, self._echoes[path])
        return super().send(request, *args, **kwargs)

    def _keep(self, request: requests.PreparedRequest, path: str) -> Json:
        body = json.loads(request.body) if request.body else None
        self.writes.append(Recorded(str(request.method), str(request.url), body))
        if body is None:
            return {}
        echo = _echo(path, body)
        if request.method == "PUT":
            self._echoes[path] = echo
        return echo


def _echo(path: str, body: Json) -> Json:
    """The body with what the service adds and azure-ai-ml does not do without."""
    parts = path.split("/")
    properties = dict(body.get("properties") or {})
    spec = properties.get("componentSpec")
    if isinstance(spec, dict) and len(parts) > 3:
        properties["componentSpec"] = {"name": parts[-3], "version": parts[-1], **spec}
    if "jobType" in properties:
        properties |= {"status": "NotStarted", "services": {}}
    if "trigger" in properties:
        properties["provisioningState"] = "Succeeded"
    return {**body, "id": path, "name": parts[-1], "properties": properties}


def _response(request: requests.PreparedRequest, body: Json) -> requests.Response:
    response = requests.Response()
    response.status_code = 200
    response.reason = "OK"
    response.url = str(request.url)
    response.request = request
    response.headers["Content-Type"] = "application/json"
    response.raw = io.BytesIO(json.dumps(body).encode())
    return response
