"""The words of Azure Resource Manager: ids, replies, errors, pages; knows nothing of what is stored."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

# Bodies are whatever JSON the client sends: the sandbox keeps unknown keys, so their values have no narrower type.
Json = dict[str, Any]

PROVIDER = "Microsoft.MachineLearningServices"
ASSET_KINDS = ("components", "data", "environments", "models", "codes")
SUBSCRIPTION_ID = "6c7f4a52-8d1e-4b0a-9f3c-2a1d5e7b9c40"
RESOURCE_GROUP = "sandbox-rg"
WORKSPACE = "demo"
REGION = "westeurope"


@dataclass(frozen=True)
class Place:
    """Where the one workspace of this sandbox lives; `url` is the base URL without a final slash."""

    url: str
    subscription_id: str = SUBSCRIPTION_ID
    resource_group: str = RESOURCE_GROUP
    workspace: str = WORKSPACE
    region: str = REGION

    @property
    def group(self) -> str:
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}/providers/{PROVIDER}"

    @property
    def base(self) -> str:
        """The workspace's ARM id."""
        return f"{self.group}/workspaces/{self.workspace}"

    @property
    def guid(self) -> str:
        """The immutable workspace id of asset ids in run history."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.base))

    def id_of(self, kind: str, name: str, version: str = "") -> str:
        path = f"{self.base}/{kind}/{name}"
        return f"{path}/versions/{version}" if version else path

    def asset_id(self, kind: str, name: str, version: str) -> str:
        """The run-history form of a data or model version."""
        return f"azureml://locations/{self.region}/workspaces/{self.guid}/{kind}/{name}/versions/{version}"


@dataclass(frozen=True)
class Target:
    """What an ARM id points at: a versioned asset (version or label given), or a flat thing such as a compute."""

    kind: str
    name: str
    version: str = ""
    label: str = ""


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON body (dict or list), raw bytes, or nothing."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ArmError(Exception):
    """A refusal in Azure Resource Manager's error form."""

    def __init__(self, status: int, code: str, message: str, target: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.target = status, code, message, target

    def reply(self, request_id: str) -> Reply:
        info: list[Json] = [
            {"type": "ComponentName", "info": {"value": "managementfrontend"}},
            {"type": "Correlation", "info": {"request": request_id}},
        ]
        error = {"code": self.code, "message": self.message, "target": self.target or None}
        return Reply(self.status, {"error": error | {"details": [], "additionalInfo": info}})


def user_error(message: str, target: str = "") -> ArmError:
    """The 400 that Azure ML gives for what the caller can mend."""
    return ArmError(400, "UserError", message, target)


def not_found(what: str) -> ArmError:
    return ArmError(404, "ResourceNotFound", f"The resource {what} was not found.")


_TARGET = re.compile(
    r"^(?:azureml:)?/subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<rg>[^/]+)/providers/"
    r"microsoft\.machinelearningservices/workspaces/(?P<ws>[^/]+)/(?P<kind>[^/]+)/(?P<name>[^/]+)"
    r"(?:/versions/(?P<version>[^/]+)|/labels/(?P<label>[^/]+))?$",
    re.IGNORECASE,
)
_SHORT = re.compile(r"^azureml:(?P<name>[^:/@]+)(?::(?P<version>[^:/@]+)|@(?P<label>[^:/@]+))?$")


def target_of(text: str, kind: str, place: Place) -> Target | None:
    """What a reference points at, or None when it is no reference into this workspace's kind of thing.

    Understands full ARM ids (with or without `azureml:`) and the short `azureml:name:version`.
    Raises the service's refusal for a full id that lies in another workspace or names another kind.
    """
    if short := _SHORT.match(text):
        return Target(kind, short["name"], short["version"] or "", short["label"] or "")
    full = _TARGET.match(text)
    if full is None:
        return None
    where = (full["sub"].lower(), full["rg"].lower(), full["ws"].lower())
    if where != (place.subscription_id.lower(), place.resource_group.lower(), place.workspace.lower()):
        raise user_error(f"{text} lies outside workspace {place.workspace}.", kind)
    if full["kind"].lower() != kind:
        raise user_error(f"{text} is not one of {kind}.", kind)
    return Target(kind, full["name"], full["version"] or "", full["label"] or "")


def encode_token(key: str) -> str:
    return base64.b64encode(f"sandbox;{key}".encode()).decode()


def decode_token(token: str) -> str:
    """The key in a `$skip` token; raises the service's refusal for anything the sandbox did not make."""
    try:
        text = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise user_error("The continuation token is malformed.", "$skip") from error
    if not text.startswith("sandbox;"):
        raise user_error("The continuation token is malformed.", "$skip")
    return text.removeprefix("sandbox;")


def place_of(token: str) -> int | None:
    """Return where a listing goes on, a whole number, that a `$skip` token holds; None without one. Refuses others."""
    if not token:
        return None
    place = whole_number(decode_token(token))
    if place is None:
        raise user_error("The continuation token is malformed.", "$skip")
    return place


def whole_number(text: str) -> int | None:
    """Return the whole number a text is, as far as a database takes it; None for any other text, "²" as well."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def page(url: str, query: Mapping[str, str], items: list[Json], next_key: str | None, key_name: str = "$skip") -> Reply:
    """One page of a listing; `next_key` None ends it. `url` is the absolute address without query."""
    if next_key is None:
        return Reply(200, {"value": items})
    link = f"{url}?{urlencode({**query, key_name: encode_token(next_key)})}"
    return Reply(200, {"value": items, "nextLink": link})


def as_object(body: Any, what: str) -> Json:
    """The body as a JSON object; raises the service's refusal for anything else."""
    if not isinstance(body, dict):
        raise user_error(f"{what} must be a JSON object.", what)
    return body


def as_mapping(value: Any, where: str) -> Json:
    """A JSON object that may be left out; raises the service's refusal for anything else."""
    return {} if value is None else as_object(value, where)


def properties_of(body: Any) -> Json:
    return as_object(as_object(body, "body").get("properties"), "properties")
