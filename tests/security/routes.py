"""Every route of the portal as the URLconf has it, with an address and a body that mean something for each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from mlopsportal.specs.practices import DEFAULTS
from tests.security.world import Side, documents_of


@dataclass(frozen=True, order=True)
class Route:
    """A name, and the parameters its address takes."""

    name: str
    parameters: tuple[str, ...]

    @property
    def is_rest(self) -> bool:
        return self.name.startswith("api-")

    def address(self, side: Side) -> str:
        """The address that names objects of that side. Raises KeyError for a parameter nobody knows."""
        return reverse(self.name, kwargs={name: argument(self.name, name, side) for name in self.parameters})

    def post(self, client: Client, side: Side, **extra: Any) -> HttpResponseBase:
        """Send what somebody would send there."""
        body = (JSON_BODIES if self.is_rest else FORMS).get(self.name, nothing)(side)
        if self.is_rest:
            answer: Any = client.post(self.address(side), json.dumps(body), "application/json", **extra)
        else:
            answer = client.post(self.address(side), body, **extra)
        return answer  # type: ignore[no-any-return]  # the client's own answer adds attributes to a plain one

    def get(self, client: Client, side: Side, **extra: Any) -> HttpResponseBase:
        answer: Any = client.get(self.address(side), QUERIES.get(self.name, nothing)(side), **extra)
        return answer  # type: ignore[no-any-return]


def routes() -> list[Route]:
    """Every route, once by name: the URLconf is asked, so that none can be forgotten."""
    found = {Route(name, parameters) for name, parameters in _walk(get_resolver())}
    return sorted(found)


def content_of(response: HttpResponseBase) -> bytes:
    """Return the whole content, of a stream too."""
    answer: Any = response
    return b"".join(answer.streaming_content) if response.streaming else bytes(answer.content)


def _walk(resolver: URLResolver, before: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in resolver.url_patterns:
        parameters = (*before, *_parameters(pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, parameters)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            yield pattern.name, parameters


def _parameters(pattern: URLPattern | URLResolver) -> list[str]:
    text = str(pattern.pattern)
    return re.findall(r"<(?:\w+:)?(\w+)>", text.replace("(?P", ""))


_CHANGE_OF = {
    "change-submit": "draft",
    "change-apply": "approved",
    "api-change-submit": "draft",
    "api-change-apply": "approved",
}


def argument(route: str, parameter: str, side: Side) -> str:
    """Return what stands for a parameter of a route."""
    if parameter == "number":
        return str(side.named[_CHANGE_OF.get(route, "in_review")].pk)
    if parameter == "ref":
        return str(side.named["token" if route.startswith("token-") else "user"])
    if parameter == "name":
        return f"{side.mark}_weekly" if "schedule" in route else f"{side.mark}_prep"
    known = {
        "slug": side.mark,
        "section": "components",
        "version": "1",
        "job_name": side.named["run"],
        "run_id_azure": side.named["step"],
        "digest": side.named["state"],
        "key": side.named["finding"],
        "membership_id": str(side.named["membership"]),
        "event_id": str(side.named["event"]),
        "pk": str(side.named["event"]),
        "code": "key-unknown",
        "provider_id": "entra",
    }
    return str(known[parameter])


def nothing(side: Side) -> dict[str, Any]:
    return {}


def _opening(side: Side) -> dict[str, Any]:
    path, content = documents_of(side.mark, 9)[0]
    return {"workspace": side.mark, "title": "Another", "documents": [{"path": path, "content": content}]}


def _review(side: Side) -> dict[str, Any]:
    return {"verdict": "approve", "plan_digest": side.named["in_review"].plan_digest, "comment": "Fine."}


def _form(side: Side) -> dict[str, Any]:
    path, content = documents_of(side.mark, 9)[0]
    documents = {"doc-TOTAL_FORMS": "1", "doc-INITIAL_FORMS": "0", "doc-0-path": path, "doc-0-content": content}
    return {**documents, "ws": side.mark, "title": "Another", "description": "", "revision": "1", "do": "draft"}


def _sides(side: Side) -> dict[str, Any]:
    ref = f"{side.mark}/component:{side.mark}_prep:1"
    return {"left": ref, "right": ref}


QUERIES: dict[str, Callable[[Side], dict[str, Any]]] = {
    "compare": _sides,
    "api-compare": _sides,
    "api-impact": lambda side: {"ref": f"component:{side.mark}_prep:1"},
    "api-making": lambda side: {"ref": f"model:{side.mark}_model:1"},
    "making": lambda side: {"ref": f"model:{side.mark}_model:1"},
    "upgrade": lambda side: {"from": f"component:{side.mark}_prep:1"},
    "search": lambda side: {"q": side.mark},
    "lineage": lambda side: {"ref": f"run:{side.named['run']}"},
    "api-lineage": lambda side: {"ref": f"run:{side.named['run']}"},
}
JSON_BODIES: dict[str, Callable[[Side], dict[str, Any]]] = {
    "api-change-list": _opening,
    "api-change-reviews": _review,
    "api-change-comments": lambda side: {"comment": "Look."},
    "api-documents-check": _opening,
}
FORMS: dict[str, Callable[[Side], dict[str, Any]]] = {
    "change-new": _form,
    "change-edit": _form,
    "change-review": _review,
    "change-comment": lambda side: {"comment": "Look.", "text": "Look."},
    "change-override": lambda side: {"code": "x", "reason": "because"},
    "event-export": lambda side: {"format": "csv"},
    "token-list": lambda side: {"name": "new", "days": "30"},
    "member-list": lambda side: {"user": f"{side.mark}-viewer", "role": "author"},
    "user-list": lambda side: {"username": "fresh", "password": "long enough for anybody"},
    "user-password": lambda side: {"password": "long enough for anybody"},
    "user-link": lambda side: {"same_as": f"{side.mark}-author"},
    "workspace-add": lambda side: {"slug": "new"},
    "workspace-edit": lambda side: {"display_name": "New"},
    "workspace-practices": lambda side: {**DEFAULTS, "opened": json.dumps(DEFAULTS)},
    "account_login": lambda side: {"login": f"{side.mark}-viewer", "password": "correct horse battery"},
    "account_change_password": lambda side: {
        "oldpassword": "correct horse battery",
        "password1": "long enough for anybody",
        "password2": "long enough for anybody",
    },
}
