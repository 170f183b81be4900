"""The demo's assets as dated events: environments, data, models, components and pipelines of the tables in `demo`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from mlopsportal.sandbox import assets, demo
from mlopsportal.sandbox.arm import Json
from mlopsportal.sandbox.demo import Graph, Part
from mlopsportal.sandbox.world import Call

# Seconds before now, who does it, and what is done.
Event = tuple[float, str, Callable[[Call], None]]
PUBLISHER = "ci-pipeline"
DAY = 86400.0
# Assets grow over this long before now; runs begin later, so that what they use is there.
ASSET_DAYS = 150.0
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"


def events() -> Iterator[Event]:
    """All of them, in no order; those of one moment in the order they must happen in."""
    yield ASSET_DAYS * DAY, PUBLISHER, _guide
    yield from _environments()
    yield from _data()
    yield from _models()
    yield from _components()
    yield 5 * DAY, "data-science", _archive_some


def publish(call: Call, kind: str, name: str, version: str, properties: Json) -> None:
    """Make a version through the same door as clients."""
    state = {"tags": {}, "properties": {}, "isAnonymous": False, "isArchived": False} | properties
    assets.create_version(call, kind, name, version, state)


def _guide(call: Call) -> None:
    """The objects the user guide's files refer to."""
    publish(call, "environments", "data-prep-env", "1", {"image": IMAGE, "description": "Data preparation"})
    for name in ("raw-data", "test-data"):
        uri = f"azureml://datastores/workspaceblobstore/paths/training/{name}/"
        publish(call, "data", name, "1", {"dataType": "uri_folder", "dataUri": uri, "tags": {"team": demo.PLATFORM}})
    for name, inputs, output in (
        ("model_training", ("training_data",), "model_output"),
        ("model_evaluation", ("model", "test_data"), "evaluation_results"),
    ):
        ports = dict.fromkeys(inputs, "uri_folder")
        part = Part(name, demo.PLATFORM, "data-prep-env", "", ports, {output: "uri_folder"})
        publish(call, "components", name, "1", {"componentSpec": component_spec(call, part, 1, "1")})


def _environments() -> Iterator[Event]:
    for index, (name, (image, packages, versions)) in enumerate(demo.ENVIRONMENTS.items()):
        for number in range(1, versions + 1):
            lines = ["channels: [conda-forge]", "dependencies:", f"  - python=3.{9 + number}"]
            properties: Json = {
                "image": f"mcr.microsoft.com/azureml/openmpi4.1.0-{image}:2026{number:02}01.v1",
                "condaFile": "\n".join([*lines, *(f"  - {text}" for text in packages)]) + "\n",
                "osType": "Linux",
                "tags": {"team": demo.PLATFORM},
            }
            ago = ASSET_DAYS - 2 * index - 30 * (number - 1)
            yield ago * DAY, PUBLISHER, partial(_publish_properties, "environments", name, str(number), properties)


def _data() -> Iterator[Event]:
    for index, (name, (kind, path, versions, team, text)) in enumerate(demo.DATA.items()):
        for number in range(1, versions + 1):
            uri = f"azureml://datastores/workspaceblobstore/paths/v{number}/{path}"
            properties: Json = {"dataType": kind, "dataUri": uri, "description": text, "tags": {"team": team}}
            ago = ASSET_DAYS - 3 * index - 28 * (number - 1)
            yield ago * DAY, "data-platform", partial(_publish_properties, "data", name, str(number), properties)


def _models() -> Iterator[Event]:
    for name, (team, versions) in demo.IMPORTED_MODELS.items():
        for number in range(1, versions + 1):
            uri = f"azureml://datastores/workspaceblobstore/paths/imported/{name}/{number}/"
            properties: Json = {"modelType": "custom_model", "modelUri": uri, "tags": {"team": team}}
            ago = 100 - 20 * number
            yield ago * DAY, "data-science", partial(_publish_properties, "models", name, str(number), properties)


def _components() -> Iterator[Event]:
    """Versions come every couple of weeks; a pipeline takes the newest of its parts at its time."""
    for index, part in enumerate(demo.PARTS):
        for number in range(1, part.versions + 1):
            ago = ASSET_DAYS - 40 - index * 0.5 - 17 * (number - 1)
            yield ago * DAY, PUBLISHER, partial(_publish_part, part, number)
    for index, graph in enumerate(demo.GRAPHS):
        for number in range(1, graph.versions + 1):
            ago = ASSET_DAYS - 65 - index * 1.5 - 14 * (number - 1)
            yield ago * DAY, PUBLISHER, partial(_publish_graph, graph, number)


def _publish_properties(kind: str, name: str, version: str, properties: Json, call: Call) -> None:
    publish(call, kind, name, version, properties)


def _publish_part(part: Part, number: int, call: Call) -> None:
    versions = call.store.versions("environments", part.environment)
    # The first versions add options; those after them move to a newer environment.
    newest = versions[0] if number > len(part.later) + 1 else versions[-1]
    _publish_component(call, part, number, component_spec(call, part, number, newest))


def _publish_graph(graph: Graph, number: int, call: Call) -> None:
    _publish_component(call, graph, number, graph_spec(call, graph, number))


def _publish_component(call: Call, what: Part | Graph, number: int, spec: Json) -> None:
    properties = {"componentSpec": spec, "description": what.description, "tags": {"team": what.team}}
    publish(call, "components", what.name, str(number), properties)


def component_spec(call: Call, part: Part, number: int, environment: str) -> Json:
    added = {name: (kind, default) for name, kind, default in part.later[: number - 1]}
    options = part.options | added
    inputs: Json = {port: {"type": kind} for port, kind in part.inputs.items()}
    inputs |= {port: {"type": kind, "default": default} for port, (kind, default) in options.items()}
    words = [f"--{port} ${{{{inputs.{port}}}}}" for port in (*part.inputs, *options)]
    words += [f"--{port} ${{{{outputs.{port}}}}}" for port in part.outputs]
    target = call.place.id_of("environments", part.environment, environment)
    return {
        "type": "command",
        "display_name": part.name.replace("_", " ").capitalize(),
        "is_deterministic": not part.fresh,
        "command": f"python {part.name}.py {' '.join(words)}",
        "environment": f"azureml:{target}",
        "inputs": inputs,
        "outputs": {port: {"type": kind} for port, kind in part.outputs.items()},
    } | ({"description": part.description} if part.description else {})


def graph_spec(call: Call, graph: Graph, number: int) -> Json:
    """A pipeline component over the newest version of each of its parts."""
    jobs: Json = {}
    for node, (part, bindings) in graph.nodes.items():
        version = call.store.versions("components", part)[0]
        spec = call.store.demand("components", part, version).properties["componentSpec"]
        jobs[node] = {
            "name": node,
            "type": spec["type"],
            "componentId": call.place.id_of("components", part, version),
            "inputs": {port: {"value": _bound(text), "job_input_type": "literal"} for port, text in bindings.items()},
            "outputs": {
                source.partition(".")[2]: {"value": f"${{{{parent.outputs.{outer}}}}}", "type": "literal"}
                for outer, source in graph.outputs.items()
                if source.partition(".")[0] == node
            },
            "_source": "REMOTE.WORKSPACE.COMPONENT",
        }
    inputs: Json = {port: {"type": kind} for port, kind in graph.inputs.items()}
    inputs |= {
        port: {"type": kind, "default": _default(value, number)} for port, (kind, value) in graph.options.items()
    }
    types = {outer: _type_of(call, jobs, source) for outer, source in graph.outputs.items()}
    return {
        "type": "pipeline",
        "display_name": graph.name.replace("_", " ").capitalize(),
        "description": graph.description,
        "is_deterministic": True,
        "inputs": inputs,
        "outputs": {outer: {"type": kind} for outer, kind in types.items()},
        "jobs": jobs,
    }


def _default(value: str, number: int) -> str:
    """Whole numbers grow a little with each version, as people tune them."""
    return str(int(value) + 2 * (number - 1)) if value.isdigit() else value


def _bound(text: str) -> str:
    """`in.x` and `node.x` as bindings."""
    node, _, port = text.partition(".")
    return f"${{{{parent.inputs.{port}}}}}" if node == "in" else f"${{{{parent.jobs.{node}.outputs.{port}}}}}"


def _type_of(call: Call, jobs: Json, source: str) -> str:
    node, _, port = source.partition(".")
    target = jobs[node]["componentId"].rpartition("/components/")[2].split("/versions/")
    spec = call.store.demand("components", *target).properties["componentSpec"]
    return str(spec["outputs"][port]["type"])


def _archive_some(call: Call) -> None:
    """A few versions and one whole model are put away, as teams do."""
    for kind, name, version in (
        ("components", "train_churn_model", "1"),
        ("components", "churn_features", "1"),
        ("components", "fraud_training", "1"),
        ("data", "customer-snapshots", "1"),
        ("environments", "spark-features", "1"),
        ("models", "device-graph-baseline", ""),
    ):
        item = call.store.demand(kind, name, version)
        archived = item.properties | {"isArchived": True}
        call.store.put(kind, name, version, archived, now=call.now, actor=call.actor)
