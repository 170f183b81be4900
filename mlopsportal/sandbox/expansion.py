"""From a pipeline's graph to the steps it runs: nodes, where each input comes from, nesting; knows no time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlopsportal.sandbox.arm import Json, user_error

_BINDING = re.compile(r"^\$\{\{\s*parent\.(?:(inputs)\.([^.}\s]+)|jobs\.([^.}\s]+)\.outputs\.([^.}\s]+))\s*\}\}$")


@dataclass(frozen=True)
class Source:
    """Where an input's value comes from: a literal, the address of data, or a port of an earlier leaf step."""

    literal: str | None = None
    uri: str | None = None
    step: str | None = None
    port: str = ""
    type: str = "uri_folder"


@dataclass
class Step:
    """One node; `path` is `main/train` for node `train` inside pipeline node `main`; pipelines have children."""

    path: str
    name: str
    component_id: str
    spec: Json
    node: Json
    inputs: dict[str, Source]
    is_pipeline: bool = False
    outputs: dict[str, Source] = field(default_factory=dict)

    @property
    def parent(self) -> str:
        return self.path.rpartition("/")[0]

    def sources(self) -> Iterator[str]:
        """Paths of the leaf steps whose outputs this one reads."""
        return (source.step for source in self.inputs.values() if source.step)


# Gives the componentSpec of a node at a path; raises the service's refusal.
SpecOf = Callable[[Json, str], Json | None]


def expand(jobs: Mapping[str, Json], inputs: Mapping[str, Source], spec_of: SpecOf) -> list[Step]:
    """All steps, nested ones included, each after what it depends on and every pipeline node before its children.

    Raises the service's refusal for an unknown component, an unknown or missing input, a binding that leads nowhere
    and a cycle.
    """
    return _Expansion(spec_of).level(jobs, inputs, "")


def source_of(value: Any) -> Source:
    """The source a plain job input (camelCase or snake_case form) stands for; bindings are resolved elsewhere."""
    if not isinstance(value, dict):
        return Source(literal=str(value))
    kind = str(value.get("jobInputType") or value.get("job_input_type") or "uri_folder")
    if value.get("uri") is not None:
        return Source(uri=str(value["uri"]), type=kind)
    literal = value.get("value")
    return Source(literal="" if literal is None else str(literal), type="literal")


class _Expansion:
    def __init__(self, spec_of: SpecOf) -> None:
        self._spec_of = spec_of

    def level(self, jobs: Mapping[str, Json], inputs: Mapping[str, Source], prefix: str) -> list[Step]:
        """The steps of one graph; `prefix` is the path of the pipeline node it belongs to."""
        outputs: dict[str, dict[str, Source]] = {}
        steps: list[Step] = []
        for name in _in_order(jobs, prefix):
            path = f"{prefix}/{name}" if prefix else name
            node = jobs[name]
            spec = self._spec_of(node, f"jobs.{path.replace('/', '.jobs.')}") or {"type": "command"}
            step = Step(path, name, str(node["componentId"]), spec, node, {})
            step.inputs = self._inputs(step, inputs, outputs)
            children = self._finish(step)
            outputs[name] = step.outputs
            steps += [step, *children]
        return steps

    def _finish(self, step: Step) -> list[Step]:
        """Set the step's outputs; return its children if it is a pipeline."""
        step.is_pipeline = step.spec.get("type") == "pipeline"
        if not step.is_pipeline:
            step.outputs = {
                port: Source(step=step.path, port=port, type=str(value.get("type", "uri_folder")))
                for port, value in (step.spec.get("outputs") or step.node.get("outputs") or {}).items()
            }
            return []
        children = self.level(step.spec.get("jobs") or {}, step.inputs, step.path)
        step.outputs = _outputs_of_pipeline(step.spec.get("jobs") or {}, step.path, children)
        return children

    def _inputs(
        self, step: Step, parent: Mapping[str, Source], siblings: Mapping[str, Mapping[str, Source]]
    ) -> dict[str, Source]:
        ports: Mapping[str, Json] = step.spec.get("inputs") or {}
        given: Mapping[str, Any] = step.node.get("inputs") or {}
        found = {port: self._resolve(step, port, value, parent, siblings) for port, value in given.items()}
        if not step.component_id.startswith("azureml://registries/"):
            _check_ports(step, ports, given)
        for port, value in ports.items():
            if port not in found:
                default = value.get("default")
                found[port] = Source(literal="" if default is None else str(default), type="literal")
        return found

    def _resolve(
        self,
        step: Step,
        port: str,
        value: Any,
        parent: Mapping[str, Source],
        siblings: Mapping[str, Mapping[str, Source]],
    ) -> Source:
        text = value.get("value", value.get("uri")) if isinstance(value, dict) else value
        binding = _BINDING.match(text) if isinstance(text, str) else None
        if binding is None:
            if isinstance(text, str) and text.startswith("${{"):
                raise user_error(f"{step.path}.inputs.{port}: '{text}' is not a binding.", f"jobs.{step.path}")
            return source_of(value)
        _, outer, node, output = binding.groups()
        source = parent.get(outer) if outer else siblings.get(node, {}).get(output)
        if source is None:
            raise user_error(f"{step.path}.inputs.{port}: '{text}' leads nowhere.", f"jobs.{step.path}")
        return source


def _check_ports(step: Step, ports: Mapping[str, Json], given: Mapping[str, Any]) -> None:
    where = f"jobs.{step.path}"
    for port in given:
        if port not in ports:
            raise user_error(f"Input '{port}' of node {where} is not one of its component's inputs.", where)
    for port, value in ports.items():
        optional = str(value.get("optional", False)).lower() == "true"
        if port not in given and not optional and value.get("default") is None:
            raise user_error(f"Required input '{port}' of node {where} is not provided.", where)


def _in_order(jobs: Mapping[str, Json], prefix: str) -> list[str]:
    """Node names, each after the siblings it reads from; raises the service's refusal for a cycle."""
    waiting = {name: _siblings(node) & set(jobs) for name, node in jobs.items()}
    ordered: list[str] = []
    while waiting:
        ready = [name for name, needs in waiting.items() if not needs - set(ordered)]
        if not ready:
            raise user_error(f"The jobs {', '.join(sorted(waiting))} depend on each other.", f"jobs.{prefix}")
        ordered += ready
        for name in ready:
            del waiting[name]
    return ordered


def _siblings(node: Json) -> set[str]:
    texts = [value.get("value") if isinstance(value, dict) else value for value in (node.get("inputs") or {}).values()]
    texts += [value.get("uri") for value in (node.get("inputs") or {}).values() if isinstance(value, dict)]
    found = (_BINDING.match(text) for text in texts if isinstance(text, str))
    return {match[3] for match in found if match and match[3]}


def _outputs_of_pipeline(jobs: Mapping[str, Json], path: str, children: list[Step]) -> dict[str, Source]:
    """A pipeline node's output ports, each as the leaf port that writes it."""
    direct = {child.name: child for child in children if child.parent == path}
    outputs: dict[str, Source] = {}
    for name, node in jobs.items():
        for port, value in (node.get("outputs") or {}).items():
            if (outer := parent_output(value)) and name in direct and port in direct[name].outputs:
                outputs[outer] = direct[name].outputs[port]
    return outputs


def parent_output(value: Any) -> str | None:
    """The pipeline output that a node output is bound to (`${{parent.outputs.x}}`), if it is bound."""
    text = value.get("value") if isinstance(value, dict) else value
    found = re.match(r"^\$\{\{\s*parent\.outputs\.([^.}\s]+)\s*\}\}$", text) if isinstance(text, str) else None
    return found[1] if found else None
