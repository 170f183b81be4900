"""The only door to Azure ML: `connect(target)` gives a connection that reads, compiles and sends.

Importing this costs nothing: azure.* is loaded by the first connection, azure.ai.ml by the first compile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlopsportal.azureml.errors import (
    AzureError,
    BadResponse,
    CompileError,
    Conflict,
    Forbidden,
    NotConfigured,
    NotFound,
    Refused,
    Retry,
    Throttled,
    Unauthorized,
    UnknownOutcome,
    Unreachable,
)
from mlopsportal.azureml.records import CompileInput, Json, Page, Request, Response, Target, WorkspaceInfo

if TYPE_CHECKING:
    from mlopsportal.azureml.connection import Connection as Connection
    from mlopsportal.azureml.reader import Reader as Reader

__all__ = [
    "AzureError",
    "BadResponse",
    "CompileError",
    "CompileInput",
    "Conflict",
    "Forbidden",
    "Json",
    "NotConfigured",
    "NotFound",
    "Page",
    "Refused",
    "Request",
    "Response",
    "Retry",
    "Target",
    "Throttled",
    "Unauthorized",
    "UnknownOutcome",
    "Unreachable",
    "WorkspaceInfo",
    "connect",
]


def connect(target: Target) -> Connection:
    """A connection to the workspace; no network until it is used. Raises NotConfigured."""
    from mlopsportal.azureml.connection import open_connection

    return open_connection(target)
