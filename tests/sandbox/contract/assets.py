"""Environments, data and models: made, read back, archived."""

from __future__ import annotations

from typing import Any

from azure.ai.ml.constants import ListViewType
from azure.ai.ml.entities import (
    Environment,
    Model,
)

from tests.sandbox.contract.subject import (
    IMAGE,
    Contract,
    archived,
    make_data,
)


def environments_roundtrip(contract: Contract) -> None:
    name = contract.name("env")
    contract.ml.environments.create_or_update(Environment(name=name, version="1", image=IMAGE))
    contract.ml.environments.create_or_update(Environment(name=name, version="2", image=IMAGE, description="two"))
    assert contract.ml.environments.get(name, "1").image == IMAGE
    assert contract.ml.environments.get(name, label="latest").version == "2"
    assert [item.version for item in contract.ml.environments.list(name=name)] == ["2", "1"]
    assert name in [item.name for item in contract.ml.environments.list()]


def environments_archive(contract: Contract) -> None:
    name = contract.name("env")
    contract.ml.environments.create_or_update(Environment(name=name, version="1", image=IMAGE))
    check_archive(contract.ml.environments, name)


def data_roundtrip(contract: Contract) -> None:
    name = contract.name("data")
    make_data(contract, name)
    made = make_data(contract, name, "2")
    assert (made.name, made.version, made.type) == (name, "2", "uri_folder")
    assert contract.ml.data.get(name, "1").version == "1"
    assert contract.ml.data.get(name, label="latest").version == "2"
    assert [item.version for item in contract.ml.data.list(name=name)] == ["2", "1"]
    assert name in [item.name for item in contract.ml.data.list()]


def data_archive(contract: Contract) -> None:
    name = contract.name("data")
    make_data(contract, name)
    check_archive(contract.ml.data, name)


def models_roundtrip(contract: Contract) -> None:
    name = contract.name("model")
    for version in ("1", "2"):
        path = f"azureml://datastores/workspaceblobstore/paths/contract/{version}/"
        contract.ml.models.create_or_update(Model(name=name, version=version, path=path, type="custom_model"))
    assert contract.ml.models.get(name, "1").type == "custom_model"
    assert contract.ml.models.get(name, label="latest").version == "2"
    assert [item.version for item in contract.ml.models.list(name=name)] == ["2", "1"]
    assert name in [item.name for item in contract.ml.models.list()]


def models_archive(contract: Contract) -> None:
    name = contract.name("model")
    path = "azureml://datastores/workspaceblobstore/paths/contract/"
    contract.ml.models.create_or_update(Model(name=name, version="1", path=path, type="custom_model"))
    check_archive(contract.ml.models, name)


def check_archive(operations: Any, name: str) -> None:
    """Archive and restore a version, then the whole container."""
    operations.archive(name=name, version="1")
    assert archived(operations.list, ListViewType.ARCHIVED_ONLY, name=name) == ["1"]
    assert archived(operations.list, ListViewType.ACTIVE_ONLY, name=name) == []
    assert archived(operations.list, ListViewType.ALL, name=name) == ["1"]
    operations.restore(name=name, version="1")
    assert archived(operations.list, ListViewType.ACTIVE_ONLY, name=name) == ["1"]
    operations.archive(name=name)
    assert name in archived(operations.list, ListViewType.ARCHIVED_ONLY)
    assert name not in archived(operations.list, ListViewType.ACTIVE_ONLY)
    operations.restore(name=name)
    assert name in archived(operations.list, ListViewType.ACTIVE_ONLY)


CALLS = (
    environments_roundtrip,
    environments_archive,
    data_roundtrip,
    data_archive,
    models_roundtrip,
    models_archive,
)
