"""What a component takes and gives, and whether a new version still fits; knows nothing of who uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, floor, isfinite
from typing import Any, TypedDict

_TYPE_WORDS = {
    "enum": "string",
    "float": "number",
    "int": "integer",
    "bool": "boolean",
    "str": "string",
    "path": "uri_folder",
}
LITERAL_TYPES = frozenset({"string", "number", "integer", "boolean"})
ASSET_TYPES = frozenset({"uri_folder", "uri_file", "mltable", "custom_model", "mlflow_model", "triton_model"})


@dataclass(frozen=True)
class Port:
    """One input or output. `default`, `minimum`, `maximum` are as written; None means not declared."""

    name: str
    type: str
    optional: bool = False
    default: Any = None
    has_default: bool = False
    enum: tuple[str, ...] | None = None
    minimum: Any = None
    maximum: Any = None
    description: str = ""

    @property
    def is_required(self) -> bool:
        """Must a caller give it a value?"""
        return not self.optional and not self.has_default


@dataclass(frozen=True)
class Interface:
    """The inputs and outputs of a component, by name, in the order they are declared."""

    inputs: Mapping[str, Port] = field(default_factory=dict)
    outputs: Mapping[str, Port] = field(default_factory=dict)


def interface_of(component_spec: Mapping[str, Any]) -> Interface:
    """Read the interface of a component: YAML form, `componentSpec` of an ARM object, or a definition. Never raises."""
    return Interface(
        inputs=dict(_ports(component_spec.get("inputs"))),
        outputs=dict(_ports(component_spec.get("outputs"))),
    )


def _ports(declared: Any) -> Iterator[tuple[str, Port]]:
    if not isinstance(declared, Mapping):
        return
    for name, port in declared.items():
        if isinstance(port, Mapping) and port.get("type") == "group":
            yield from ((f"{name}.{inner}", item) for inner, item in _ports(port.get("properties")))
        else:
            yield str(name), _port(str(name), port)


def _port(name: str, declared: Any) -> Port:
    if not isinstance(declared, Mapping):
        return Port(name, type_of_literal(declared), default=declared, has_default=declared is not None)
    written = declared.get("type")
    type_word = written.lower() if isinstance(written, str) else "string" if "enum" in declared else "unknown"
    default = declared.get("default")
    values = declared.get("enum")
    return Port(
        name=name,
        type=_TYPE_WORDS.get(type_word, type_word),
        optional=_is_true(declared.get("optional")),
        default=default,
        has_default=default is not None,
        enum=tuple(str(value) for value in values) if isinstance(values, list) else None,
        minimum=declared.get("min"),
        maximum=declared.get("max"),
        description=str(declared.get("description") or ""),
    )


def _is_true(value: Any) -> bool:
    return isinstance(value, str | bool) and str(value).lower() == "true"


def type_of_literal(value: Any) -> str:
    """Name the port type of a plain value: "unknown" for null and for anything that is not a scalar."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "string" if isinstance(value, str) else "unknown"


def fits_type(value: Any, word: str) -> bool:
    """Can a plain value, perhaps written as text, be passed to an input of a literal type?"""
    if isinstance(value, Mapping | list):
        return False
    if word == "boolean":
        return isinstance(value, bool) or str(value).lower() in ("true", "false")
    if word == "integer":
        number = None if isinstance(value, bool) else _number(value)
        return number is not None and isfinite(number) and number == int(number)
    if word == "number":
        return not isinstance(value, bool) and _number(value) is not None
    return True


def takes(port: Port, value: Any) -> bool:
    """May a plain value be passed to a port: is it of its type, among its values, within its bounds?"""
    return fits_type(value, port.type) and not refusal_of(port, value)


def refusal_of(port: Port, value: Any) -> str:
    """Say why a port takes no such value of its type: it is not among its values or beyond a bound; "" when it is."""
    if port.enum is not None and not any(_same_value(value, item, port.type) for item in port.enum):
        return f"`{str(value)[:80]}` is not among the values of `{port.name}`: {', '.join(port.enum)[:200]}."
    number, low, high = _number(value), _number(port.minimum), _number(port.maximum)
    if port.type not in ("number", "integer") or number is None:
        return ""
    if low is not None and number < low:
        return f"`{str(value)[:80]}` is less than {port.minimum}, the least that `{port.name}` takes."
    if high is not None and number > high:
        return f"`{str(value)[:80]}` is more than {port.maximum}, the most that `{port.name}` takes."
    return ""


def _same_value(value: Any, item: str, word: str) -> bool:
    """Are two values one for a port of this type: 1 and "1.0" as numbers, True and "true" as booleans?"""
    if str(value) == item:
        return True
    if word == "boolean" or isinstance(value, bool):
        return str(value).lower() == item.lower()
    number = _number(value) if word in ("number", "integer") else None
    return number is not None and number == _number(item)


def type_fits(given: str, wanted: str) -> bool:
    """May a port of type `given` feed one of type `wanted`? Unknown types fit: they cannot be judged."""
    if given == wanted or "unknown" in (given, wanted) or "enum" in (given, wanted):
        return True
    if given == "integer" and wanted in ("number", "string"):
        return True
    if given in ("number", "boolean") and wanted == "string":
        return True
    return _both_assets(given, wanted) and _assets_fit(given, wanted)


def _both_assets(given: str, wanted: str) -> bool:
    known = ASSET_TYPES | LITERAL_TYPES
    return (given in ASSET_TYPES and wanted in ASSET_TYPES) or not (given in known and wanted in known)


def _assets_fit(given: str, wanted: str) -> bool:
    """Folders, tables and models are all folders on disk; a file is not one (Azure checks no more than that)."""
    if given not in ASSET_TYPES or wanted not in ASSET_TYPES:
        return True
    return (given == "uri_file") == (wanted == "uri_file") or "custom_model" in (given, wanted)


class Verdict(StrEnum):
    """How far apart two versions are, as someone who uses them feels it."""

    PATCH = "patch"
    MINOR = "minor"
    BREAKING = "breaking"
    UNKNOWN = "unknown"


_WEIGHT = {Verdict.PATCH: 0, Verdict.MINOR: 1, Verdict.UNKNOWN: 2, Verdict.BREAKING: 3}


class ReasonJSON(TypedDict):
    """A reason as `compare_documents --json` prints it."""

    rule: str
    path: str
    message: str


@dataclass(frozen=True)
class Reason:
    """One rule that applied: what was found where, and how much it weighs."""

    rule: str
    path: str
    message: str
    verdict: Verdict

    def as_json(self) -> ReasonJSON:
        return {"rule": self.rule, "path": self.path, "message": self.message}


@dataclass(frozen=True)
class Comparison:
    """The verdict (the largest of the reasons; patch without any) and the reasons, heaviest first."""

    verdict: Verdict
    reasons: tuple[Reason, ...]


def compare(left: Interface, right: Interface, *, left_kind: str = "", right_kind: str = "") -> Comparison:
    """Compare an old interface with a new one; the kinds ("command", "pipeline", ...) count when both are given."""
    reasons = [*_kind_reasons(left_kind, right_kind), *_input_reasons(left, right), *_output_reasons(left, right)]
    return verdict_of(reasons)


def verdict_of(reasons: list[Reason]) -> Comparison:
    """Return the reasons, heaviest first, with the verdict they amount to."""
    ordered = sorted(reasons, key=lambda reason: (-_WEIGHT[reason.verdict], reason.path, reason.rule))
    return Comparison(ordered[0].verdict if ordered else Verdict.PATCH, tuple(ordered))


def compare_components(left: Mapping[str, Any], right: Mapping[str, Any]) -> Comparison:
    """Compare two components or pipelines as written (YAML, componentSpec or definition): interface and kind."""
    result = compare(
        interface_of(left),
        interface_of(right),
        left_kind=_kind(left),
        right_kind=_kind(right),
    )
    reasons = [*result.reasons, *_determinism_reasons(left, right)]
    return verdict_of(reasons)


def _kind(spec: Mapping[str, Any]) -> str:
    """Return the type of a component; one that does not say it is known by what it has. "" when it cannot be told."""
    if isinstance(spec.get("type"), str):
        return str(spec["type"]).lower()
    return "pipeline" if "jobs" in spec else "command" if "command" in spec else ""


def _determinism_reasons(left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[Reason]:
    before, after = (_is_true(spec.get("is_deterministic", True)) for spec in (left, right))
    if before != after:
        word = "is" if after else "is no longer"
        message = f"The component {word} deterministic: steps {'may be' if after else 'are not'} reused."
        yield Reason("determinism-changed", "is_deterministic", message, Verdict.MINOR)


def _kind_reasons(left: str, right: str) -> Iterator[Reason]:
    if left and right and left != right:
        message = f"The component was of type {left} and is now of type {right}."
        yield Reason("kind-changed", "type", message, Verdict.BREAKING)


def _input_reasons(left: Interface, right: Interface) -> Iterator[Reason]:
    for name, port in left.inputs.items():
        if name not in right.inputs:
            message = f"The input {name} was removed."
            yield Reason("input-removed", f"inputs.{name}", message, Verdict.BREAKING)
        else:
            yield from _changed_input(port, right.inputs[name])
    for name, port in right.inputs.items():
        if name not in left.inputs:
            yield _added_input(port)


def _added_input(port: Port) -> Reason:
    path = f"inputs.{port.name}"
    if port.is_required:
        message = f"The new input {port.name} is required and has no default."
        return Reason("required-input-added", path, message, Verdict.BREAKING)
    return Reason("optional-input-added", path, f"The input {port.name} was added; it may be left out.", Verdict.MINOR)


def _changed_input(old: Port, new: Port) -> Iterator[Reason]:
    path, name = f"inputs.{new.name}", new.name
    yield from _type_reasons("input", old, new, path)
    if new.is_required and not old.is_required:
        cause = "lost its default" if old.has_default else "is now required"
        yield Reason("input-made-required", path, f"The input {name} {cause}.", Verdict.BREAKING)
    elif old.is_required and not new.is_required:
        yield Reason("input-made-optional", path, f"The input {name} may now be left out.", Verdict.MINOR)
    elif not new.is_required and not _same_default(old, new):
        message = f"The default of {name} changed from {_shown(old.default)} to {_shown(new.default)}."
        yield Reason("default-changed", path, message, Verdict.MINOR)
    yield from _enum_reasons(old, new, path)
    yield from _range_reasons(old, new, path)


def _same_default(old: Port, new: Port) -> bool:
    """Azure ML gives numbers and booleans back as text: 1, 1.0 and "1" are one default of a number."""
    if old.has_default != new.has_default:
        return False
    return _same_value(old.default, str(new.default), new.type)


def _type_reasons(side: str, old: Port, new: Port, path: str) -> Iterator[Reason]:
    if old.type == new.type:
        return
    message = f"The {side} {new.name} was of type {old.type} and is now of type {new.type}."
    if "unknown" in (old.type, new.type):
        yield Reason(f"{side}-type-unknown", path, message, Verdict.UNKNOWN)
    elif side == "input" and (old.type, new.type) in _WIDENINGS:
        yield Reason("input-widened", path, message, Verdict.MINOR)
    else:
        yield Reason(f"{side}-type-changed", path, message, Verdict.BREAKING)


_WIDENINGS = frozenset({("integer", "number")})


def _enum_reasons(old: Port, new: Port, path: str) -> Iterator[Reason]:
    before, after = (_one_form(port.enum, new.type) for port in (old, new))
    if before == after:
        return
    gone = set(before or ()) - set(after or ()) if after is not None else set()
    if after is not None and (before is None or gone):
        what = f"no longer takes {', '.join(sorted(gone))}" if gone else f"now only takes {', '.join(after)}"
        yield Reason("input-narrowed", path, f"The input {new.name} {what}.", Verdict.BREAKING)
    elif set(before or ()) != set(after or ()):
        yield Reason("input-widened", path, f"The input {new.name} takes more values than before.", Verdict.MINOR)


def _one_form(values: tuple[str, ...] | None, word: str) -> tuple[str, ...] | None:
    """Return values as texts that are alike when the values are: "1.0" and "1" as numbers, "True" and "true"."""
    if values is None or word not in ("number", "integer", "boolean"):
        return values
    numbers = [None if word == "boolean" else _number(value) for value in values]
    plain = zip(values, numbers, strict=True)
    return tuple(value.lower() if number is None else f"{number:.17g}" for value, number in plain)


def _range_reasons(old: Port, new: Port, path: str) -> Iterator[Reason]:
    if new.type not in ("number", "integer"):
        return  # a text has no range: Azure ignores one
    for word, before, after, sign in (("min", old.minimum, new.minimum, 1), ("max", old.maximum, new.maximum, -1)):
        if before == after or str(before) == str(after):
            continue
        low, high = (_bound(item, sign if new.type == "integer" else 0) for item in (before, after))
        message = f"The {word} of {new.name} changed from {_shown(before)} to {_shown(after)}."
        if any(item is not None and _number(item) is None for item in (before, after)):
            yield Reason("input-range-unknown", path, message, Verdict.UNKNOWN)
        elif high is not None and (low is None or sign * high > sign * low):
            yield Reason("input-narrowed", path, message, Verdict.BREAKING)
        elif low != high:
            yield Reason("input-widened", path, message, Verdict.MINOR)


def _bound(value: Any, sign: int) -> float | None:
    """Return a bound as a number, None for none: infinity is none, and of whole numbers the next one inside counts."""
    number = _number(value)
    if number is None or not isfinite(number):
        return None
    return number if sign == 0 else float(ceil(number) if sign > 0 else floor(number))


def _shown(bound: Any) -> str:
    return "none" if bound is None else str(bound)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _output_reasons(left: Interface, right: Interface) -> Iterator[Reason]:
    for name, port in left.outputs.items():
        if name not in right.outputs:
            message = f"The output {name} was removed."
            yield Reason("output-removed", f"outputs.{name}", message, Verdict.BREAKING)
        else:
            yield from _type_reasons("output", port, right.outputs[name], f"outputs.{name}")
    for name in right.outputs:
        if name not in left.outputs:
            yield Reason("output-added", f"outputs.{name}", f"The output {name} was added.", Verdict.MINOR)
