"""Components, data, environments, models and codes over ARM: containers, versions, archive; not what they refer to."""

from __future__ import annotations

import re
import uuid

from mlopsportal.sandbox import references
from mlopsportal.sandbox.arm import Json, Reply, not_found, page, place_of, properties_of, user_error, whole_number
from mlopsportal.sandbox.store import Resource
from mlopsportal.sandbox.world import Call, render

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$")
_READ_ONLY = ("provisioningState", "nextVersion", "latestVersion")
_ARCHIVED_FILTER = {"ActiveOnly": False, "ArchivedOnly": True, "All": None}


def archived_filter(call: Call) -> bool | None:
    """The `listViewType` asked for: False active only (the default), True archived only, None all."""
    view = call.query.get("listViewType", "ActiveOnly")
    if view not in _ARCHIVED_FILTER:
        raise user_error(f"listViewType {view} is not known.", "listViewType")
    return _ARCHIVED_FILTER[view]


def _limit(call: Call) -> int:
    asked = call.query.get("$top", "")
    if not asked:
        return call.switches.page_size
    top = whole_number(asked)
    if not top:
        raise user_error("$top must be a whole number above 0.", "$top")
    return min(top, 1000)


def _checked_name(name: str, what: str) -> str:
    if not _NAME.match(name):
        raise user_error(f"The {what} '{name}' may hold letters, digits, '.', '_' and '-' only.", what)
    return name


def container_body(call: Call, item: Resource) -> Json:
    """A container with `latestVersion` and `nextVersion`, which the SDK needs for automatic versions and labels."""
    versions = call.store.versions(item.kind, item.name)
    numbers = [number for version in versions if (number := whole_number(version)) is not None]
    extra = {"latestVersion": versions[0] if versions else None, "nextVersion": str(max(numbers, default=0) + 1)}
    return render(call.place, item, item.properties | extra)


def version_body(call: Call, item: Resource) -> Json:
    properties = item.properties
    if item.kind == "models":
        properties = {"flavors": {}} | properties
    return render(call.place, item, properties | {"provisioningState": "Succeeded"})


def list_containers(call: Call, kind: str) -> Reply:
    items, next_key = call.store.page(
        kind,
        now=call.now,
        archived=archived_filter(call),
        before=place_of(call.query.get("$skip", "")),
        limit=_limit(call),
    )
    return page(call.url, call.query, [container_body(call, item) for item in items], next_key)


def get_container(call: Call, kind: str, name: str) -> Reply:
    item = call.store.get(kind, name, now=call.now)
    if item is None:
        raise not_found(f"{kind}/{name}")
    return Reply(200, container_body(call, item))


def put_container(call: Call, kind: str, name: str) -> Reply:
    """Archive, restore and relabel; a container also comes into being with its first version."""
    properties = _writable(properties_of(call.body))
    new = call.store.put(
        kind, _checked_name(name, "name"), "", properties, now=call.now, actor=call.actor, hide_for=call.hide_for
    )
    return Reply(201 if new else 200, container_body(call, call.store.demand(kind, name)))


def list_versions(call: Call, kind: str, name: str) -> Reply:
    """Newest first, which is also what `$orderBy=createdtime desc` asks for; `$top` bounds the whole answer."""
    if kind == "codes" and "hash" in call.query:
        return _codes_with_hash(call, call.query["hash"])
    if call.store.get(kind, name, now=call.now) is None:
        raise not_found(f"{kind}/{name}")
    order = call.query.get("$orderBy", "").lower()
    items, next_key = call.store.page(
        kind,
        now=call.now,
        name=name,
        archived=archived_filter(call),
        before=place_of(call.query.get("$skip", "")),
        limit=_limit(call),
        ascending=order.endswith(" asc"),
    )
    if "$top" in call.query:
        next_key = None
    return page(call.url, call.query, [version_body(call, item) for item in items], next_key)


def _codes_with_hash(call: Call, digest: str) -> Reply:
    """A code version with this content under any name: how the SDK avoids a second upload."""
    sql = (
        "SELECT name, version FROM resource WHERE kind = 'codes' AND version <> ''"
        " AND json_extract(properties, '$.properties.hash_sha256') = ? ORDER BY seq DESC LIMIT 1"
    )
    found = [call.store.get("codes", *row) for row in call.store.execute(sql, (digest,))]
    return Reply(200, {"value": [version_body(call, item) for item in found if item]})


def get_version(call: Call, kind: str, name: str, version: str) -> Reply:
    """`azureml_default` is the newest version that is not archived."""
    if version == "azureml_default":
        items, _ = call.store.page(kind, now=call.now, name=name, archived=False, limit=1)
        item = items[0] if items else None
    else:
        item = call.store.get(kind, name, version, now=call.now) or _data_of_run(call, kind, name, version)
    if item is None:
        raise not_found(f"{kind}/{name}/versions/{version}")
    return Reply(200, version_body(call, item))


def _data_of_run(call: Call, kind: str, name: str, version: str) -> Resource | None:
    """The unnamed output data of a step, which Azure keeps as `azureml_{run}_output_data_{port}`, unlisted."""
    found = re.match(r"^azureml_(?P<run>.+)_output_data_(?P<port>.+)$", name)
    if kind != "data" or version != "1" or found is None:
        return None
    rows = call.store.execute(
        "SELECT seq, ends_at, created_by FROM run WHERE name = ? AND outcome = 'Completed' AND ends_at <= ?",
        (found["run"], call.now),
    )
    if not rows:
        return None
    seq, at, actor = rows[0]
    uri = f"azureml://datastores/workspaceblobstore/paths/azureml/{found['run']}/{found['port']}/"
    properties = {"dataType": "uri_folder", "dataUri": uri, "isAnonymous": True, "isArchived": False, "tags": {}}
    return Resource(seq, kind, name, version, False, True, properties, at, actor, at, actor)


def put_version(call: Call, kind: str, name: str, version: str) -> Reply:
    """Create a version, or change what may change (tags, description, archive) of one that exists."""
    new = create_version(call, kind, name, version, _writable(properties_of(call.body)))
    return Reply(201 if new else 200, version_body(call, call.store.demand(kind, name, version)))


def create_version(call: Call, kind: str, name: str, version: str, properties: Json) -> bool:
    """Check and store a version, and its container with the first one; True when it is new."""
    _checked_name(name, "name")
    _checked_name(version, "version")
    if kind == "components":
        _name_component(properties, name, version)
    references.check_asset(call, kind, properties)
    before = call.store.get(kind, name, version)
    if before is not None and not call.switches.accept_changed_versions:
        references.refuse_changed_content(kind, before.properties, properties)
    new = call.store.put(kind, name, version, properties, now=call.now, actor=call.actor, hide_for=call.hide_for)
    if call.store.get(kind, name) is None:
        _open_container(call, kind, name, properties)
    return new


def _writable(properties: Json) -> Json:
    """Without the read-only fields that an echo of a GET brings back."""
    return {key: value for key, value in properties.items() if key not in _READ_ONLY}


def _name_component(properties: Json, name: str, version: str) -> None:
    spec = properties.get("componentSpec")
    if not isinstance(spec, dict):
        raise user_error("componentSpec must be a JSON object.", "componentSpec")
    properties["componentSpec"] = {key: value for key, value in spec.items() if value is not None}
    properties["componentSpec"] |= {"name": name, "version": version}


def _open_container(call: Call, kind: str, name: str, properties: Json) -> None:
    state: Json = {"tags": {}, "properties": {}, "isArchived": False}
    for key in ("description", "dataType"):
        if properties.get(key):
            state[key] = properties[key]
    call.store.put(kind, name, "", state, now=call.now, actor=call.actor, hide_for=call.hide_for)


def start_upload(call: Call, kind: str, name: str, version: str) -> Reply:
    """Where to put the files of a version that is about to be made."""
    container = str(uuid.uuid5(uuid.NAMESPACE_URL, call.place.id_of(kind, name, version)))
    uri = f"{call.place.url}/st1/{container}"
    sas = f"{uri}?sv=2024-08-04&sr=c&sp=rcwl&sig=sandbox"
    reference = {
        "blobUri": uri,
        "storageAccountArmId": f"/subscriptions/{call.place.subscription_id}/resourceGroups/"
        f"{call.place.resource_group}/providers/Microsoft.Storage/storageAccounts/st1",
        "credential": {"credentialType": "SAS", "sasUri": sas},
    }
    body = {"pendingUploadId": None, "pendingUploadType": "TemporaryBlobReference"}
    return Reply(200, body | {"blobReferenceForConsumption": reference})
