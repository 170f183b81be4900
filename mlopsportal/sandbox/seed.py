"""What a new workspace holds: the fixtures every one has, and the demo, lived through event by event."""

from __future__ import annotations

from dataclasses import replace

from mlopsportal.sandbox import demo_assets, past, progress
from mlopsportal.sandbox.arm import Json
from mlopsportal.sandbox.demo_assets import ASSET_DAYS, DAY
from mlopsportal.sandbox.world import Switches, World, internal_call

SEEDS = ("demo", "empty")
OWNER = "platform-automation"


def plant(world: World, name: str) -> None:
    """Fill an empty state; `empty` still has a datastore and computes, without which nothing can run."""
    now = world.clock.now()
    with world.store.transaction():
        world.store.set_meta("seed", name)
        _fixtures(world, now - (ASSET_DAYS + 1) * DAY if name == "demo" else now)
        if name == "demo":
            _live_through(world, now)


def _live_through(world: World, now: float) -> None:
    """Let everything of the demo happen in the order of its time, through the doors that clients use.

    Runs take as long as on the real service, whatever the sandbox's own time scale is.
    """
    slow = replace(world, switches=Switches(time_scale=1.0))
    happened = [*demo_assets.events(), *past.events(now)]
    for ago, actor, act in sorted(happened, key=lambda event: -event[0]):
        progress.settle_until(slow, now - ago)
        act(internal_call(slow, now - ago, actor))
    progress.settle_until(slow, now)
    past.wake_schedules(internal_call(slow, now, OWNER))


def _fixtures(world: World, at: float) -> None:
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
    world.store.put("datastores", "workspaceblobstore", "", datastore, now=at, actor=OWNER)
    for compute, size in (("serverless", "Standard_E4s_v3"), ("cpu-cluster", "Standard_DS3_v2")):
        scale = {"minNodeCount": 0, "maxNodeCount": 8}
        properties: Json = {
            "computeType": "AmlCompute",
            "provisioningState": "Succeeded",
            "description": "",
            "isAttachedCompute": False,
            "properties": {"vmSize": size, "vmPriority": "Dedicated", "scaleSettings": scale},
        }
        world.store.put("computes", compute, "", properties, now=at, actor=OWNER)
