"""The workspace itself, discovery, datastores and computes; nothing that people make versions of."""

from __future__ import annotations

from mlopsportal.sandbox.arm import Json, Reply, not_found, page, place_of, user_error, whole_number
from mlopsportal.sandbox.store import Resource
from mlopsportal.sandbox.world import Call, render, system_data


def workspace_body(call: Call) -> Json:
    place = call.place
    made = call.store.demand("datastores", "workspaceblobstore")
    storage = f"/subscriptions/{place.subscription_id}/resourceGroups/{place.resource_group}/providers"
    return {
        "id": place.base,
        "name": place.workspace,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": place.region,
        "kind": "Default",
        "tags": {},
        "identity": {"type": "SystemAssigned", "tenantId": place.guid, "principalId": place.guid},
        "systemData": system_data(made.created_at, made.created_by, made.created_at, made.created_by),
        "properties": {
            "friendlyName": place.workspace,
            "description": "Stand-in workspace on this machine",
            "workspaceId": place.guid,
            "discoveryUrl": f"{place.url}/discovery",
            "mlFlowTrackingUri": f"azureml://127.0.0.1/mlflow/v1.0{place.base}",
            "provisioningState": "Succeeded",
            "storageAccount": f"{storage}/Microsoft.Storage/storageAccounts/st1",
            "publicNetworkAccess": "Enabled",
        },
    }


def get_workspace(call: Call) -> Reply:
    return Reply(200, workspace_body(call))


def list_workspaces(call: Call) -> Reply:
    return Reply(200, {"value": [workspace_body(call)]})


def discovery(call: Call) -> Reply:
    url = call.place.url
    return Reply(200, {"api": url, "history": url, "experimentation": url, "studio": "https://ml.azure.com"})


def flat_body(call: Call, item: Resource) -> Json:
    body = render(call.place, item)
    if item.kind == "computes":
        body["location"] = call.place.region
    return body


def list_flat(call: Call, kind: str) -> Reply:
    """All datastores or computes in the order they were made; `isDefault` and `count` narrow datastores."""
    before = place_of(call.query.get("$skip", ""))
    limit = whole_number(call.query.get("count", "")) or call.switches.page_size
    items, next_key = call.store.page(kind, now=call.now, before=before, limit=limit, ascending=True)
    if call.query.get("isDefault", "").lower() == "true":
        items, next_key = [item for item in items if item.properties.get("isDefault")], None
    return page(call.url, call.query, [flat_body(call, item) for item in items], next_key)


def get_flat(call: Call, kind: str, name: str) -> Reply:
    item = call.store.get(kind, name, now=call.now)
    if item is None:
        raise not_found(f"{kind}/{name}")
    return Reply(200, flat_body(call, item))


def list_secrets(call: Call, name: str) -> Reply:
    """A datastore of the sandbox holds no secret; asking for one is allowed and yields the empty kind."""
    if call.store.get("datastores", name) is None:
        raise not_found(f"datastores/{name}")
    return Reply(200, {"secretsType": "None"})


def refuse_write(call: Call, kind: str, name: str) -> Reply:
    raise user_error(f"The sandbox has no write for {kind}; {name} is part of its seed.", kind)


def list_permissions(call: Call) -> Reply:
    """What the caller may do here: everything, as a token is all the sandbox asks for."""
    return Reply(200, {"value": [{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]})
