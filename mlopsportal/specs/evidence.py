"""What an older pipeline shows of components that nobody here knows; judges no step whose component is known.

A pipeline that ran says something of what it runs: which inputs a component takes, of which types, and which outputs
it has. A step that uses the same component in the same way fits as it did. Whatever goes beyond that cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlopsportal.specs.bindings import Binding, binding_of
from mlopsportal.specs.edges import EdgeFault, interfaces_at, levels_of, own_interface, runs_component, steps_of
from mlopsportal.specs.graph import inputs_of
from mlopsportal.specs.interface import LITERAL_TYPES, Interface, Port, fits_type, type_fits, type_of_literal
from mlopsportal.specs.normalize import component_text

UNTOLD_RULE = "unknown"


@dataclass(frozen=True)
class _Flow:
    """What reaches a port: its type, "unknown" where it comes from what nobody knows; `origin` is that."""

    type: str
    optional: bool = False
    origin: str = ""

    def fits_where(self, other: _Flow) -> bool:
        """Does this fit wherever the other did?"""
        if self.optional and not other.optional:
            return False
        if "unknown" in (self.type, other.type):
            return (self.type, self.origin) == (other.type, other.origin)
        same = self.type == other.type
        return same or ({self.type, other.type} <= LITERAL_TYPES and type_fits(self.type, other.type))


@dataclass
class _Shown:
    """What the steps of an older pipeline show of one component; `always` are the inputs that each of them gives."""

    inputs: dict[str, set[_Flow]] = field(default_factory=dict)
    outputs: dict[str, set[str]] = field(default_factory=dict)
    always: set[str] | None = None

    def add_step(self, flows: Mapping[str, _Flow]) -> None:
        for port, flow in flows.items():
            self.inputs.setdefault(port, set()).add(flow)
        self.always = set(flows) if self.always is None else self.always & set(flows)


@dataclass(frozen=True)
class _Level:
    """One pipeline: its own ports, its steps, and what is known of each."""

    prefix: str
    own: Interface
    steps: Mapping[str, Mapping[str, Any]]
    known: Mapping[str, Interface | None]

    def is_unknown(self, step: str) -> bool:
        return step in self.steps and self.known[step] is None and runs_component(self.steps[step])

    def flow(self, value: Any) -> _Flow:
        """Return what a step is given at one input."""
        binding = binding_of(value)
        if binding is None:
            plain = value.get("value") if isinstance(value, Mapping) and "path" not in value else value
            return _Flow(_data_type(value) if isinstance(plain, Mapping) else _literal_type(plain))
        if binding.is_parent_input:
            port = self.own.inputs.get(binding.port)
            return _Flow(port.type, port.optional, binding.text) if port else _Flow("unknown", origin=binding.text)
        source = self.source(binding)
        return _Flow(source.type if source is not None else "unknown", origin=self._origin(binding))

    def source(self, binding: Binding) -> Port | None:
        """Return the port of another step that a binding names; None when it is not known."""
        known = self.known.get(binding.parts[2]) if binding.is_node_port else None
        if known is None:
            return None
        return (known.outputs if binding.parts[3] == "outputs" else known.inputs).get(binding.port)

    def _origin(self, binding: Binding) -> str:
        """Name a port by what is run, so that a step may be renamed."""
        node = self.steps.get(binding.parts[2]) if binding.is_node_port else None
        text = component_text(node) if node is not None else ""
        return f"{text}.{'.'.join(binding.parts[3:])}" if text else binding.text


def _data_type(value: Any) -> str:
    declared = value.get("type") if isinstance(value, Mapping) else None
    return declared.lower() if isinstance(declared, str) else "data"


def _literal_type(value: Any) -> str:
    """Name the narrowest type of a plain value: a number written as text fits where numbers do."""
    if not isinstance(value, str):
        return type_of_literal(value)
    return next((word for word in ("integer", "number", "boolean") if fits_type(value, word)), "string")


def untold_steps(
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    before: Mapping[str, Interface],
    after: Mapping[str, Interface],
    *,
    as_written: bool,
) -> list[EdgeFault]:
    """Return where the newer pipeline uses a component that is not known otherwise than the older one did.

    `before` and `after` are the interfaces that are known of what either runs. Empty when all can be told.
    """
    shown: dict[str, _Shown] = {}
    for level in _levels(left, before, as_written):
        _note(level, shown)
    return [
        replace(fault, path=f"{level.prefix}{fault.path}")
        for level in _levels(right, after, as_written)
        for fault in _untold(level, shown)
    ]


def _levels(definition: Mapping[str, Any], interfaces: Mapping[str, Interface], as_written: bool) -> Iterator[_Level]:
    for prefix, level in levels_of(definition):
        known = interfaces_at(level, interfaces, as_written=as_written)
        yield _Level(prefix, own_interface(level), dict(steps_of(level)), known)


def _note(level: _Level, shown: dict[str, _Shown]) -> None:
    """Write down what one pipeline shows of each component that is not known."""
    for name, node in level.steps.items():
        if level.is_unknown(name):
            _shown_of(node, shown).add_step({port: level.flow(value) for port, value in _given(node)})
    for step, port, wanted in _uses(level):
        _shown_of(level.steps[step], shown).outputs.setdefault(port, set()).add(wanted)


def _shown_of(node: Mapping[str, Any], shown: dict[str, _Shown]) -> _Shown:
    return shown.setdefault(component_text(node), _Shown())


def _given(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((port, value) for port, value in inputs_of(node) if value is not None)


def _uses(level: _Level) -> Iterator[tuple[str, str, str]]:
    """Yield step, output and type wanted, for every output of an unknown component that something is made of."""
    for step, _, port, wanted in _places_of_use(level):
        yield step, port, wanted


def _places_of_use(level: _Level) -> Iterator[tuple[str, str, str, str]]:
    for name, node in level.steps.items():
        outputs, interface = node.get("outputs"), level.known[name]
        for port, value in outputs.items() if isinstance(outputs, Mapping) and level.is_unknown(name) else ():
            binding = binding_of(value)
            declared = level.own.outputs.get(binding.port) if binding is not None else None
            yield name, f"jobs.{name}.outputs.{port}", str(port), declared.type if declared is not None else "unknown"
        for port, value in _given(node):
            binding = binding_of(value)
            if binding is not None and binding.is_node_port and level.is_unknown(binding.parts[2]):
                wanted = interface.inputs.get(port) if interface is not None else None
                where = f"jobs.{name}.inputs.{port}"
                yield binding.parts[2], where, binding.port, wanted.type if wanted is not None else "unknown"


def _untold(level: _Level, shown: Mapping[str, _Shown]) -> Iterator[EdgeFault]:
    strange = set()
    for name, node in level.steps.items():
        if not level.is_unknown(name):
            continue
        text = component_text(node)
        if text in shown:
            yield from _untold_inputs(name, node, level, shown[text])
        else:
            strange.add(name)
            message = f"{text or 'The component'} of `{name}` is not known here: nobody can tell whether the step fits."
            yield EdgeFault(UNTOLD_RULE, f"jobs.{name}.component", message)
    for step, path, port, wanted in _places_of_use(level):
        known = shown.get(component_text(level.steps[step]), _Shown()).outputs.get(port, set())
        if step not in strange and wanted not in known and not (wanted == "unknown" and known):
            message = f"Nothing here tells whether the output `{port}` of `{step}` is of the type wanted."
            yield EdgeFault(UNTOLD_RULE, path, message)


def _untold_inputs(name: str, node: Mapping[str, Any], level: _Level, shown: _Shown) -> Iterator[EdgeFault]:
    given = dict(_given(node))
    for port, value in given.items():
        flow = level.flow(value)
        if not any(flow.fits_where(other) for other in shown.inputs.get(port, ())):
            message = f"Nothing here tells whether the component of `{name}` takes this at `{port}`."
            yield EdgeFault(UNTOLD_RULE, f"jobs.{name}.inputs.{port}", message)
    for port in sorted((shown.always or set()) - given.keys()):
        message = f"Nothing here tells whether the component of `{name}` can do without `{port}`."
        yield EdgeFault(UNTOLD_RULE, f"jobs.{name}.inputs.{port}", message)
