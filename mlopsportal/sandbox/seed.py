"""What a new workspace holds: the fixtures every one has, and the demo's content."""

from __future__ import annotations

from mlopsportal.sandbox.arm import Json
from mlopsportal.sandbox.world import World

SEEDS = ("demo", "empty")
OWNER = "platform-team"


def plant(world: World, name: str) -> None:
    """Fill an empty state; `empty` still has a datastore and computes, without which nothing can run."""
    with world.store.transaction():
        world.store.set_meta("seed", name)
        _fixtures(world)
        if name == "demo":
            _guide(world)


def _fixtures(world: World) -> None:
    now = world.clock.now()
    datastore: Json = {
        "datastoreType": "AzureBlob",
        "accountName": "st1",
        "containerName": "azureml-blobstore",
        "endpoint": "core.windows.net",
        "protocol": "https",
        "credentials": {"credentialsType": "None"},
        "isDefault": True,
        "serviceDataAccessAuthIdentity": "None",
    }
    world.store.put("datastores", "workspaceblobstore", "", datastore, now=now, actor=OWNER)
    for compute, size in (("serverless", "Standard_E4s_v3"), ("cpu-cluster", "Standard_DS3_v2")):
        scale = {"minNodeCount": 0, "maxNodeCount": 8}
        properties: Json = {
            "computeType": "AmlCompute",
            "provisioningState": "Succeeded",
            "description": "",
            "isAttachedCompute": False,
            "properties": {"vmSize": size, "vmPriority": "Dedicated", "scaleSettings": scale},
        }
        world.store.put("computes", compute, "", properties, now=now, actor=OWNER)


def _guide(world: World) -> None:
    """The objects the guide's files refer to; INTERFACES.md fixes them."""
    now, base = world.clock.now(), world.place.base

    def asset(kind: str, name: str, properties: Json) -> None:
        container: Json = {"tags": {}, "properties": {}, "isArchived": False}
        if kind == "data":
            container["dataType"] = properties["dataType"]
        world.store.put(kind, name, "", container, now=now, actor=OWNER)
        state = {"tags": {}, "properties": {}, "isAnonymous": False, "isArchived": False} | properties
        world.store.put(kind, name, "1", state, now=now, actor=OWNER)

    asset("environments", "data-prep-env", {"image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"})
    for name in ("raw-data", "test-data"):
        uri = f"azureml://datastores/workspaceblobstore/paths/churn/{name}/"
        asset("data", name, {"dataType": "uri_folder", "dataUri": uri})
    for name, inputs, output in (
        ("model_training", ("training_data",), "model_output"),
        ("model_evaluation", ("model", "test_data"), "evaluation_results"),
    ):
        arguments = " ".join(f"--{port} ${{{{inputs.{port}}}}}" for port in inputs)
        spec: Json = {
            "name": name,
            "version": "1",
            "type": "command",
            "display_name": name.replace("_", " ").title(),
            "is_deterministic": True,
            "command": f"python {name}.py {arguments} --{output} ${{{{outputs.{output}}}}}",
            "environment": f"azureml:{base}/environments/data-prep-env/versions/1",
            "inputs": {port: {"type": "uri_folder"} for port in inputs},
            "outputs": {output: {"type": "uri_folder"}},
        }
        asset("components", name, {"componentSpec": spec})
