"""Workspaces, datastores and computes, read as the SDK reads them."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.sandbox.contract.subject import (
    Contract,
)


def workspaces_get(contract: Contract) -> None:
    found = contract.ml.workspaces.get(contract.ml.workspace_name)
    assert found.name == contract.ml.workspace_name
    assert found.location
    assert str(found.id).lower().endswith(f"/workspaces/{found.name}".lower())


def workspaces_list(contract: Contract) -> None:
    assert contract.ml.workspace_name in [item.name for item in contract.ml.workspaces.list()]


def datastores_list(contract: Contract) -> None:
    assert "workspaceblobstore" in [item.name for item in contract.ml.datastores.list()]


def datastores_get(contract: Contract) -> None:
    found = contract.ml.datastores.get("workspaceblobstore")
    assert (found.name, str(found.type)) == ("workspaceblobstore", "DatastoreType.AZURE_BLOB")


def datastores_get_default(contract: Contract) -> None:
    assert contract.ml.datastores.get_default().name == "workspaceblobstore"


def datastores_get_with_secrets(contract: Contract) -> None:
    assert contract.ml.datastores.get("workspaceblobstore", include_secrets=True).name == "workspaceblobstore"


def compute_list(contract: Contract) -> None:
    assert all(item.name for item in contract.ml.compute.list())


def compute_get_missing(contract: Contract) -> None:
    with pytest.raises(ResourceNotFoundError):
        contract.ml.compute.get("no-such-cluster")


CALLS = (
    workspaces_get,
    workspaces_list,
    datastores_list,
    datastores_get,
    datastores_get_default,
    datastores_get_with_secrets,
    compute_list,
    compute_get_missing,
)
