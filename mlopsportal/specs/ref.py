"""Names of things: our `Ref` and the forms in which Azure ML writes references; knows nothing of what exists."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import total_ordering
from urllib.parse import quote, unquote_to_bytes

KINDS = (
    "component",
    "data",
    "model",
    "environment",
    "schedule",
    "run",
    "trigger",
    "change",
    "compute",
    "datastore",
    "code",
)
"""Kinds a `Ref` may have. The canonical kind of a pipeline is "component": Azure has one name space for both."""

_SEGMENT_OF_KIND = {
    "component": "components",
    "data": "data",
    "model": "models",
    "environment": "environments",
    "schedule": "schedules",
    "run": "jobs",
    "compute": "computes",
    "datastore": "datastores",
    "code": "codes",
}
_KIND_OF_SEGMENT = {segment: kind for kind, segment in _SEGMENT_OF_KIND.items()}
_VERSIONED = frozenset({"component", "data", "model", "environment", "code"})

_SAFE = "/@"  # readable in change documents ("change:17@2:a/b.yml"); letters, digits and _.-~ are always safe
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class InvalidRef(ValueError):
    """A text, or a set of parts, that names nothing: carries both the text and the reason."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text!r} is not a reference: {reason}")
        self.text = text
        self.reason = reason


@total_ordering
@dataclass(frozen=True)
class Ref:
    """The name of one thing: `[workspace/]kind:name[:version]`.

    A past state of a schedule is `schedule:weekly@<digest>`: its version is "@<digest>".
    A document of a change is `change:17@2:train.yml`: name "17@2", version "train.yml".
    Characters outside letters, digits and `_.-~/@` are percent-quoted in the text form.
    """

    kind: str
    name: str
    version: str | None = None
    workspace: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidRef(f"{self.kind}:{self.name}", f"the kind is not one of {', '.join(KINDS)}")
        for label, part in (("name", self.name), ("version", self.version), ("workspace", self.workspace)):
            if part is not None:
                _require_text(label, part)
        if self.kind == "schedule" and self.version == "@":
            raise InvalidRef(f"{self.kind}:{self.name}", "the digest after @ is empty")

    def __str__(self) -> str:
        head = f"{quote(self.workspace, safe='')}/" if self.workspace is not None else ""
        return f"{head}{self.kind}:{self._quoted_name()}{self._quoted_version()}"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Ref):
            return NotImplemented
        return self._sort_key() < other._sort_key()

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read the text form. Raises InvalidRef."""
        head, colon, rest = text.partition(":")
        if not colon:
            raise InvalidRef(text, "it has no kind; write kind:name or kind:name:version")
        workspace, slash, kind = head.rpartition("/")
        if slash and not workspace:
            raise InvalidRef(text, "the workspace before / is empty")
        name, separator, version = _split_version(kind, rest)
        return cls(
            kind=kind,
            name=_unquote(text, name),
            version=_version_text(text, separator, version),
            workspace=_unquote(text, workspace) if slash else None,
        )

    def without_workspace(self) -> Ref:
        return replace(self, workspace=None)

    def at(self, version: str | None) -> Ref:
        return replace(self, version=version)

    def in_workspace(self, slug: str) -> Ref:
        return replace(self, workspace=slug)

    def _quoted_name(self) -> str:
        safe = "/" if self.kind == "schedule" else _SAFE
        return quote(self.name, safe=safe)

    def _quoted_version(self) -> str:
        if self.version is None:
            return ""
        if self.kind == "schedule" and self.version.startswith("@"):
            return "@" + quote(self.version[1:], safe=_SAFE)
        return ":" + quote(self.version, safe=_SAFE)

    def _sort_key(self) -> tuple[str, str, str, bool, str]:
        return (self.workspace or "", self.kind, self.name, self.version is not None, self.version or "")


def _require_text(label: str, part: str) -> None:
    if not part:
        raise InvalidRef(part, f"the {label} is empty")
    if "\0" in part:  # no service has such a name, and PostgreSQL stores none
        raise InvalidRef(ascii(part), f"the {label} holds a NUL character")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in part):
        raise InvalidRef(ascii(part), f"the {label} holds half of a surrogate pair")


def _split_version(kind: str, rest: str) -> tuple[str, str, str]:
    """Return name, separator and version, still quoted; the separator is "" when there is no version."""
    if kind == "schedule":
        at, colon = rest.find("@"), rest.find(":")
        if at >= 0 and (colon < 0 or at < colon):
            return rest[:at], "@", rest[at + 1 :]
    return rest.partition(":")


def _version_text(text: str, separator: str, version: str) -> str | None:
    if not separator:
        return None
    if ":" in version:
        raise InvalidRef(text, "there is a colon too many; write a colon inside a name as %3A")
    plain = _unquote(text, version)
    return f"@{plain}" if separator == "@" else plain


def _unquote(text: str, part: str) -> str:
    if _PERCENT.search(part):
        raise InvalidRef(text, "a % is not followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(part).decode("utf-8")
    except UnicodeError as error:
        raise InvalidRef(ascii(text), "the quoted bytes are not UTF-8") from error


@dataclass(frozen=True)
class AzureReference:
    """A reference as Azure ML writes it.

    `label` is set for `name@latest`; `registry` for references into a registry; `workspace_arm` is the
    part of an ARM id up to and including the workspace's name.
    """

    kind: str
    name: str
    version: str | None = None
    label: str | None = None
    registry: str | None = None
    workspace_arm: str | None = None

    @property
    def ref(self) -> Ref | None:
        """The thing in this workspace that is meant; None for a label (it moves) and for a registry."""
        if self.label is not None or self.registry is not None:
            return None
        return Ref(self.kind, self.name, self.version)


_ARM = re.compile(
    r"(?P<workspace>/subscriptions/[^/]+/resourcegroups/[^/]+/providers/Microsoft\.MachineLearningServices"
    r"/workspaces/[^/]+)/(?P<segment>[^/]+)/(?P<name>[^/]+)(?:/(?P<how>versions|labels)/(?P<which>[^/]+))?/?",
    re.IGNORECASE,
)
_LONG = re.compile(
    r"azureml://(?:registries/(?P<registry>[^/]+)|(?P<place>locations/[^/]+/workspaces/[^/]+"
    r"|subscriptions/[^/]+/resourcegroups/[^/]+/workspaces/[^/]+))"
    r"/(?P<segment>[^/]+)/(?P<name>[^/]+)(?:/(?P<how>versions|labels)/(?P<which>[^/]+))?/?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"azureml:(?P<name>[A-Za-z0-9_][A-Za-z0-9_.\-]*)(?::(?P<version>[^:@/\s]+)|@(?P<label>[^:@/\s]+))?")
_BARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")


def parse_azure_reference(text: str, kind: str) -> AzureReference | None:
    """Read a reference in any form Azure ML uses; None when the text is not a reference (a path, a URI, prose).

    Forms: `azureml:n:v`, `azureml:n@label`, `azureml:n`, an ARM id with or without `azureml:` before it,
    `azureml://registries/...`, `azureml://locations/...`; a bare name only for computes and datastores.
    `kind` is what the place in the document asks for; a full id says its own kind.
    """
    text = text.strip()
    long_form = text.removeprefix("azureml:") if text.startswith("azureml:/sub") else text
    match = _ARM.fullmatch(long_form) or _LONG.fullmatch(text)
    if match:
        return _of_full_id(match)
    match = _SHORT.fullmatch(text)
    if match:
        return AzureReference(kind, match["name"], match["version"], match["label"])
    if kind in ("compute", "datastore") and _BARE.fullmatch(text):
        return AzureReference(kind, text)
    return None


_PREFIXES = re.compile(r"\A\s*(?:azureml\s*:\s*(?!//))*", re.IGNORECASE)


def without_prefix(text: str) -> str:
    """Return what stands after `azureml:`, however often and in whatever case that was written."""
    return _PREFIXES.sub("", text).strip()


def proposal(text: str, kind: str) -> str:
    """Return the reference that a malformed one was perhaps meant to be; `<name>` and `<version>` stand for a guess.

    It is always of a form that `parse_azure_reference` reads and that names a version.
    """
    bare = without_prefix(text)
    meant = bare if bare.startswith("azureml://") else f"azureml:{bare}"
    found = parse_azure_reference(meant, kind)
    if found is None or found.kind != kind:
        return "azureml:<name>:<version>"
    return at_a_version(found) if found.version is None and found.label is None else meant


def at_a_version(reference: AzureReference) -> str:
    """Return how a version of what a reference names is written, `<version>` standing for which."""
    if reference.registry is not None:
        segment = _SEGMENT_OF_KIND[reference.kind]
        return f"azureml://registries/{reference.registry}/{segment}/{quote(reference.name)}/versions/<version>"
    if _BARE.fullmatch(reference.name) is None:  # a name that only a full id can hold
        return f"azureml:<{reference.kind}>:<version>"
    return f"azureml:{reference.name}:<version>"


_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]*(?::[0-9]+)?(?:/[A-Za-z0-9._\-]+)+(?::[\w.\-]+)?(?:@[\w:.+]+)?")


def image_in(text: str) -> str | None:
    """Return the container image that a text names in place of a reference; None when it names none.

    An image has a registry's host or another slash: `mcr.microsoft.com/azureml/base:latest`, `python/slim`.
    """
    bare = without_prefix(text)
    return bare if _IMAGE.fullmatch(bare) else None


def _of_full_id(match: re.Match[str]) -> AzureReference | None:
    parts = match.groupdict()
    kind = _KIND_OF_SEGMENT.get(parts["segment"].lower())
    if kind is None:
        return None
    labelled = (parts["how"] or "").lower() == "labels"
    place = parts.get("workspace") or parts.get("place")
    return AzureReference(
        kind=kind,
        name=_decoded(parts["name"]),
        version=None if labelled or parts["which"] is None else _decoded(parts["which"]),
        label=_decoded(parts["which"]) if labelled else None,
        registry=parts.get("registry"),
        workspace_arm=place,
    )


def _decoded(segment: str) -> str:
    return unquote_to_bytes(segment).decode("utf-8", errors="replace")


def arm_id(base: str, ref: Ref) -> str:
    """Return the ARM id of `ref` in the workspace whose id is `base`.

    Raises InvalidRef for kinds Azure ML does not have (trigger, change).
    """
    segment = _SEGMENT_OF_KIND.get(ref.kind)
    if segment is None:
        raise InvalidRef(str(ref), f"Azure ML has nothing of kind {ref.kind}")
    path = f"{base.rstrip('/')}/{segment}/{quote(ref.name, safe='')}"
    if ref.version is not None and ref.kind in _VERSIONED:
        path += f"/versions/{quote(ref.version, safe='')}"
    return path


def ref_of_arm_id(arm_id: str) -> Ref | None:
    """Return what an ARM id names, without a workspace (its slug is not in the id); None for any other text."""
    found = parse_azure_reference(arm_id, "component")
    if found is None or found.workspace_arm is None:
        return None
    return found.ref
