"""Two ways into a sandbox for its tests: the unmodified SDK, and plain HTTP."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from azure.ai.ml import MLClient
from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from tests.sandbox_server import RunningSandbox


def mint(audience: str, *, lives_seconds: int = 3600, name: str = "contract-test") -> str:
    """A token for an audience; the key is nobody's."""
    claims = {"aud": audience, "exp": int(time.time()) + lives_seconds, "tid": "sandbox", "name": name}
    return jwt.encode(claims, "a key that nobody ever checks against", algorithm="HS256")


class FakeCredential:
    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken(mint(scopes[0].removesuffix("/.default")), int(time.time()) + 3600)


class LoopbackAuth(SansIOHTTPPolicy[Any, Any]):
    """Bearer tokens over plain http, which azure-core's own policy refuses."""

    def __init__(self, base: str) -> None:
        self._token = mint(base)

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.context.options.pop("enforce_https", None)
        assert urlsplit(request.http_request.url).hostname == "127.0.0.1"
        request.http_request.headers["Authorization"] = f"Bearer {self._token}"


def sdk(sandbox: RunningSandbox) -> MLClient:
    base = sandbox.url
    metadata = {
        "azure_portal": "https://portal.azure.com/",
        "resource_manager": base,
        "active_directory": base,
        "aml_resource_id": "https://ml.azure.com",
        "storage_endpoint": "core.windows.net",
        "registry_discovery_endpoint": base,
    }
    return MLClient(
        FakeCredential(),
        sandbox.subscription_id,
        sandbox.resource_group,
        sandbox.workspace,
        enable_telemetry=False,
        show_progress=False,
        # The SDK keeps the first address it hears for a cloud name.
        cloud=f"sandbox-{urlsplit(base).port}",
        cloud_metadata=metadata,
        authentication_policy=LoopbackAuth(base),
        retry_total=3,
        retry_backoff_factor=0.1,
        connection_timeout=5,
        read_timeout=60,
    )


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["error"]
        return found


class Raw:
    """Plain HTTP on one kept-open connection; paths are below the workspace unless they start with `http` or `/`."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {mint(sandbox.url)}"
        self.session.headers["x-azureml-token"] = mint("https://ml.azure.com")

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        if path.startswith("/"):
            url = f"{self.sandbox.url}{path}"
        else:
            url = path if path.startswith("http") else f"{self.sandbox.url}{self.sandbox.base}/{path}"
        data = None if body is None else json.dumps(body).encode()
        answer = self.session.request(method, url, data=data, timeout=30, **options)
        return Answer(answer.status_code, answer.json() if answer.content else None, answer.headers)

    def all(self, path: str) -> list[dict[str, Any]]:
        """Every item of a listing, following its links."""
        found: list[dict[str, Any]] = []
        url: str | None = path
        while url:
            answer = self("GET", url)
            assert answer.status == 200, answer.body
            found += answer.body["value"]
            url = answer.body.get("nextLink")
        return found

    def history(self, method: str, path: str, body: Any = None) -> Answer:
        return self(method, f"/history/v1.0{self.sandbox.base}/{path}", body)

    def close(self) -> None:
        self.session.close()


# Bodies as the SDK sends them.


def environment(image: str = "mcr.microsoft.com/azureml/base:1") -> dict[str, Any]:
    return {"properties": {"image": image, "tags": {}, "isAnonymous": False, "isArchived": False}}


def data(path: str = "training/data", kind: str = "uri_folder") -> dict[str, Any]:
    uri = f"azureml://datastores/workspaceblobstore/paths/{path}/"
    return {"properties": {"dataType": kind, "dataUri": uri, "tags": {}, "isAnonymous": False, "isArchived": False}}


def component(
    base: str, command: str = "python step.py", *, inputs: Any = None, outputs: Any = None, **more: Any
) -> dict[str, Any]:
    spec = {
        "type": "command",
        "command": command,
        "environment": f"azureml:{base}/environments/env/versions/1",
        "inputs": inputs or {},
        "outputs": outputs or {},
        **more,
    }
    return {"properties": {"componentSpec": spec, "isAnonymous": False, "isArchived": False, "tags": {}}}


def node(base: str, name: str, version: str = "1", *, inputs: Any = None, kind: str = "command") -> dict[str, Any]:
    component_id = f"{base}/components/{name}/versions/{version}"
    bound = {port: {"value": text, "job_input_type": "literal"} for port, text in (inputs or {}).items()}
    return {"type": kind, "componentId": component_id, "inputs": bound, "outputs": {}}


def pipeline(base: str, jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A job body; `settings` are added to the default compute's."""
    settings = {"default_compute": f"{base}/computes/serverless", **more.pop("settings", {})}
    head = {"jobType": "Pipeline", "displayName": "test", "experimentName": "tests", "tags": {}, "properties": {}}
    return {"properties": {**head, "inputs": {}, "outputs": {}, **more, "settings": settings, "jobs": jobs}}


def schedule(base: str, trigger: dict[str, Any], jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
    action = {"actionType": "CreateJob", "jobDefinition": pipeline(base, jobs)["properties"]}
    return {"properties": {"displayName": "test", "tags": {}, "trigger": trigger, "action": action, **more}}
