"""The demo's history as dated events: schedules and the runs of sixty days."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from mlopsportal.sandbox import demo, runs, schedules
from mlopsportal.sandbox.arm import Json
from mlopsportal.sandbox.clock import compact
from mlopsportal.sandbox.demo import Plan
from mlopsportal.sandbox.demo_assets import DAY, IMAGE, Event, publish
from mlopsportal.sandbox.world import Call
from mlopsportal.specs.recurrence import fires

HOUR = 3600.0
RUN_DAYS = 60
RUNS = 300
ANALYST = "data-science"
# Started by hand this long ago, these are still running; so is what a schedule began in the last hour or two.
STILL_RUNNING = (9 * 60.0, 4 * 60.0)
FAILING_SHARE = 0.09


def events(now: float) -> Iterator[Event]:
    """Schedules made and edited, and exactly `RUNS` runs, the same for the same `now`.

    Two ran graphs that are no registered version, some the graph of one, and the last ones are still running.
    """
    dice = random.Random(20260101)  # noqa: S311  # nothing secret: the same history every time
    for index, plan in enumerate(demo.PLANS):
        yield (RUN_DAYS + 3 - index * 0.25) * DAY, "ci-pipeline", partial(_write_schedule, plan)
    fired = list(_fires(now, dice))
    yield from fired
    yield from _by_hand(RUNS - len(fired), now, dice)


def _fires(now: float, dice: random.Random) -> Iterator[Event]:
    """Every fire of the enabled schedules in the window, up to now: from then on they fire by themselves."""
    begin = datetime.fromtimestamp(now - RUN_DAYS * DAY, UTC)
    for plan in demo.PLANS:
        times = fires(plan.trigger, begin, 2 * RUN_DAYS + 2) if plan.live else []
        for at in times:
            ago = now - at.timestamp()
            if ago > 0:
                yield ago, f"schedule-{plan.name}", partial(_fire, plan, dice.random(), dice.random())


def _write_schedule(plan: Plan, call: Call) -> None:
    spec = job_spec(call, plan.pipeline, plan.data, plan.outputs, {}, force=plan.force)
    properties: Json = {
        "displayName": plan.name.replace("-", " ").capitalize(),
        "description": plan.description,
        "tags": spec["tags"],
        "properties": {},
        "isEnabled": plan.live,
        "trigger": plan.trigger,
        "action": {"actionType": "CreateJob", "jobDefinition": spec},
    }
    schedules.write(call, plan.name, properties)


def wake_schedules(call: Call) -> None:
    """From now on the schedules fire by themselves."""
    for plan in demo.PLANS:
        item = call.store.demand(schedules.KIND, plan.name)
        schedules.plan(call, plan.name, item.properties, after=call.now)


def _fire(plan: Plan, luck: float, which: float, call: Call) -> None:
    """A schedule follows its pipeline's versions, some days late, as people edit it."""
    item = call.store.demand(schedules.KIND, plan.name)
    current = item.properties["action"]["jobDefinition"]["jobs"]["main"]["componentId"]
    if not current.endswith(f"/versions/{call.store.versions('components', plan.pipeline)[0]}") and which < 0.4:
        _write_schedule(plan, replace(call, actor="ci-pipeline"))
        item = call.store.demand(schedules.KIND, plan.name)
    _tell_to_fail(call, plan.pipeline, luck, which)
    schedules.fire(call, item)


def _tell_to_fail(call: Call, pipeline: str, luck: float, which: float) -> None:
    """Let about one run in eleven lose one of its steps."""
    nodes = list(next(graph for graph in demo.GRAPHS if graph.name == pipeline).nodes)
    told = [{"node": nodes[int(which * len(nodes))], "count": 1}] if luck < FAILING_SHARE else []
    call.store.set_meta("failing_steps", json.dumps(told))


def _by_hand(count: int, now: float, dice: random.Random) -> Iterator[Event]:
    """The rest of the runs, with options that vary, so that steps before the change are used again."""
    unregistered = (count // 3, 2 * count // 3)
    for index in range(count - len(STILL_RUNNING)):
        ago = (RUN_DAYS - 1) * DAY * (1 - index / count) + dice.random() * 5 * HOUR + 4 * HOUR
        if index in unregistered:
            yield ago, ANALYST, partial(_experiment, unregistered.index(index))
        else:
            inline = index % 6 == 5
            choice = dice.choice(demo.BY_HAND)
            options = {name: dice.choice(values) for name, values in choice[3].items()}
            luck, which = dice.random(), dice.random()
            yield ago, ANALYST, partial(_start, choice[:3], options, inline, luck, which)
    for ago in STILL_RUNNING:
        yield (
            ago,
            ANALYST,
            partial(_start, demo.BY_HAND[1][:3], {"learning_rate": f"0.0{int(ago / 60)}"}, False, 1.0, 0.0),
        )


def _start(
    choice: tuple[str, dict[str, str], dict[str, str]],
    options: dict[str, str],
    inline: bool,
    luck: float,
    which: float,
    call: Call,
) -> None:
    pipeline, data, outputs = choice
    spec = job_spec(call, pipeline, data, outputs, options)
    if inline:
        spec = inlined(call, spec)
    _tell_to_fail(call, pipeline, luck, which)
    runs.start(call, f"{pipeline.replace('_', '-')}-{compact(call.now).lower()}", spec)


def inlined(call: Call, spec: Json) -> Json:
    """The same run with the pipeline's graph written out, as a job file does; it names every input of the version."""
    name, version = spec["jobs"]["main"]["componentId"].rpartition("/components/")[2].split("/versions/")
    component = call.store.demand("components", name, version).properties["componentSpec"]
    inputs = {
        port: {"jobInputType": "literal", "value": str(value["default"])}
        for port, value in component["inputs"].items()
        if "default" in value
    }
    outputs = {
        port: {"jobOutputType": value["type"], "mode": "ReadWriteMount"} for port, value in component["outputs"].items()
    }
    graph = {"jobs": component["jobs"], "inputs": inputs | spec["inputs"], "outputs": outputs | spec["outputs"]}
    return spec | graph


def _experiment(index: int, call: Call) -> None:
    """A run of a graph that nobody registered: an inline command between registered components."""
    version = str(uuid.uuid5(uuid.NAMESPACE_URL, f"experiment-{index}"))
    image = publish_inline(call, version)
    command: Json = {
        "type": "command",
        "command": "python try_out.py --data ${{inputs.training_data}} --out ${{outputs.sample}}",
        "environment": f"azureml:{image}",
        "inputs": {"training_data": {"type": "uri_folder"}, "rate": {"type": "number", "default": f"0.{index + 1}"}},
        "outputs": {"sample": {"type": "uri_folder"}},
    }
    publish(call, "components", "azureml_anonymous", version, {"componentSpec": command, "isAnonymous": True})
    place = call.place
    mount = {"mode": "ReadOnlyMount", "jobInputType": "uri_folder"}
    inputs: Json = {"raw": mount | {"uri": place.id_of("data", "raw-data", "1")}}
    bound = {"value": "${{parent.inputs.raw}}", "job_input_type": "literal"}
    sampled = {"value": "${{parent.jobs.sample.outputs.sample}}", "job_input_type": "literal"}
    jobs: Json = {
        "sample": {
            "name": "sample",
            "type": "command",
            "componentId": place.id_of("components", "azureml_anonymous", version),
            "inputs": {"training_data": bound},
            "outputs": {},
        },
        "train": {
            "name": "train",
            "type": "command",
            "componentId": place.id_of("components", "model_training", "1"),
            "inputs": {"training_data": sampled},
            "outputs": {"model_output": {"mode": "ReadWriteMount", "job_output_type": "uri_folder"}},
        },
    }
    spec = _envelope(call, "try-out", {"display_name": "Sampling try-out"}, inputs, {}, jobs, force=False)
    call.store.set_meta("failing_steps", "[]")
    runs.start(call, f"sampling-try-out-{index + 1}", spec)


def publish_inline(call: Call, version: str) -> str:
    """The unnamed environment of an inline command; return its ARM id."""
    name = "CliV2AnonymousEnvironment"
    publish(call, "environments", name, version, {"image": IMAGE, "isAnonymous": True})
    return call.place.id_of("environments", name, version)


def job_spec(
    call: Call,
    pipeline: str,
    data: dict[str, str],
    outputs: dict[str, str],
    options: dict[str, str],
    *,
    version: str = "",
    force: bool = False,
) -> Json:
    """A run of a registered pipeline version in the one-node form; data by name at its newest version."""
    version = version or call.store.versions("components", pipeline)[0]
    target = call.store.demand("components", pipeline, version)
    spec: Json = target.properties["componentSpec"]
    ports = {port: f"${{{{parent.inputs.{port}}}}}" for port in (*data, *options)}
    inputs: Json = {
        port: {
            "jobInputType": spec["inputs"][port]["type"],
            "mode": "ReadOnlyMount",
            "uri": call.place.id_of("data", name, call.store.versions("data", name)[0]),
        }
        for port, name in data.items()
    }
    inputs |= {port: {"jobInputType": "literal", "value": value} for port, value in options.items()}
    node: Json = {
        "name": "main",
        "type": "pipeline",
        "componentId": call.place.id_of("components", pipeline, version),
        "inputs": {port: {"value": text, "job_input_type": "literal"} for port, text in ports.items()},
        "outputs": {port: {"value": f"${{{{parent.outputs.{port}}}}}", "type": "literal"} for port in outputs},
        "_source": "REMOTE.WORKSPACE.COMPONENT",
    }
    named = {
        port: {"jobOutputType": spec["outputs"][port]["type"], "mode": "ReadWriteMount", "assetName": name}
        for port, name in outputs.items()
    }
    return _envelope(call, pipeline.replace("_", "-"), spec, inputs, named, {"main": node}, force)


def _envelope(call: Call, experiment: str, spec: Json, inputs: Json, outputs: Json, jobs: Json, force: bool) -> Json:
    settings: Json = {"default_compute": call.place.id_of("computes", "cpu-cluster"), "continue_on_step_failure": False}
    team = next((graph.team for graph in demo.GRAPHS if graph.name.replace("_", "-") == experiment), demo.PLATFORM)
    return {
        "jobType": "Pipeline",
        "displayName": str(spec.get("display_name") or experiment),
        "experimentName": experiment,
        "tags": {"team": team},
        "properties": {},
        "inputs": inputs,
        "outputs": outputs,
        "settings": settings | ({"force_rerun": True} if force else {}) | {"_source": "YAML.JOB"},
        "jobs": jobs,
    }
