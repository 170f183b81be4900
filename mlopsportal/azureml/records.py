"""The values that cross the door to Azure ML: plain data that knows nothing of azure.* and of how it travels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from mlopsportal.specs.ref import Ref

PROVIDER = "Microsoft.MachineLearningServices"

# JSON as Azure ML sends it: its shape is the service's affair and is checked where a field is used.
Json = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """One workspace and how to sign in to it.

    `cloud` is azure, azure-china, azure-us-government or sandbox. `endpoint` is the sandbox's base URL (loopback only)
    and empty for Azure. `credential` names a configuration of the environment; empty means DefaultAzureCredential.
    """

    subscription_id: str
    resource_group: str
    workspace: str
    cloud: str = "azure"
    endpoint: str = ""
    credential: str = ""

    @property
    def base(self) -> str:
        """The workspace's ARM id, beginning with a slash."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/{PROVIDER}/workspaces/{self.workspace}"
        )


@dataclass(frozen=True)
class Request:
    """One write, as it is approved and sent; host, headers and tokens are not part of it.

    `arm_id` is the path without host and query. `body` is None for a write without a body.
    """

    method: str
    arm_id: str
    api_version: str
    body: Mapping[str, Any] | None = field(hash=False)

    @property
    def payload(self) -> bytes:
        """The exact bytes of the body, empty without one.

        Keys are sorted: a database may hand a stored body back in another order (PostgreSQL's jsonb does), and the
        bytes sent must be the bytes approved all the same.
        """
        if self.body is None:
            return b""
        return json.dumps(self.body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")

    @property
    def sha256(self) -> str:
        """Hex digest of `payload`."""
        return hashlib.sha256(self.payload).hexdigest()

    def as_json(self) -> Json:
        """What a plan stores: method, arm_id, api_version, body."""
        return {
            "method": self.method,
            "arm_id": self.arm_id,
            "api_version": self.api_version,
            "body": None if self.body is None else dict(self.body),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The request that `as_json` was called on. Raises KeyError when a field is missing."""
        return cls(stored["method"], stored["arm_id"], stored["api_version"], stored["body"])


@dataclass(frozen=True)
class Response:
    """What the service answered to a write that took effect; `body` is None where it sent none."""

    status: int
    body: Json | None = field(hash=False)
    request_id: str = ""


@dataclass(frozen=True)
class Page:
    """One page of a listing; `next_cursor` is None on the last one and never holds a host or a token."""

    items: tuple[Json, ...] = field(hash=False)
    next_cursor: str | None


@dataclass(frozen=True)
class WorkspaceInfo:
    """What *Test connection* found.

    `readable` maps each listing that the mirror needs to whether this identity may read it. `writable` is None where
    the cloud does not say what the identity may do.
    """

    arm_id: str
    name: str
    display_name: str
    region: str
    workspace_id: str
    readable: Mapping[str, bool] = field(hash=False)
    writable: bool | None = None


@dataclass(frozen=True)
class CompileInput:
    """One document for the compiler.

    `kind` is component, pipeline, run, schedule, or an action on what exists: archive, restore, enable, disable,
    delete, cancel. `value` is the YAML-form document that specs parsed, validated and confined (empty for an action);
    `ref` is the object that is written. Versions and run names are explicit in `ref`.
    """

    ref: Ref
    kind: str
    value: Mapping[str, Any] = field(default_factory=dict, hash=False)
