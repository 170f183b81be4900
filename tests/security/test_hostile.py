"""Hostile texts in every field of every row: each page shows them as text, and none of them becomes anything else."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import cycle, islice
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, models

from mlopsportal.changes import models as changes
from registry import models as registry
from scheduling import models as scheduling
from tests.security.routes import content_of, routes
from tests.security.test_isolation import member_of_everything
from tests.security.world import World, browser_of

MARK = "xq7"
PAYLOADS = (
    *("<script>xq7()</script>", "<img src=x onerror=xq7()>", "<svg/onload=xq7()>", "<xq7 a=b>", "</textarea><xq7>"),
    *(
        "</title><xq7>",
        "</script><xq7>",
        "</style><xq7>",
        "</pre><xq7>",
        "--><xq7>",
        "]]><xq7>",
        "<!--xq7",
        "<![CDATA[",
    ),
    *('"><xq7>', "'><xq7>", '" onmouseover=xq7() x="', "' onfocus=xq7() autofocus x='", "` onclick=xq7() `"),
    *("javascript:xq7()", "JaVaScRiPt:xq7()", "java\tscript:xq7()", "\x01javascript:xq7()", "vbscript:xq7()"),
    *("data:text/html,<xq7>", "//xq7.invalid/", "https:xq7.invalid", "\\\\xq7.invalid", "jav&#x61;script:xq7()"),
    *("{{xq7}}", "{% xq7 %}", "{{ 7|add:xq7 }}", "${xq7}", "${{ xq7 }}", "#{xq7}", "<%= xq7 %>", "[[xq7]]", "@xq7"),
    *("xq7\u202egpj.exe", "xq7\u2066hidden\u2069", "xq7\u200b\u200d\ufeff", "xq7\x00nul", "xq7\x1b[31mred", "xq7\x08"),
    *(
        "xq7\r\nSet-Cookie: a=b",
        "xq7\u2028line",
        "xq7\u0085",
        "xq7\x7f",
        "\ufff9xq7\ufffb",
        "\U000e0041xq7",
        "xq7\ud7ff",
    ),
    *(
        "<iframe srcdoc='<xq7>'>",
        "<object data=xq7>",
        "<base href=//xq7>",
        "<form action=//xq7>",
        "<a href=//xq7>x</a>",
    ),
    *("<meta http-equiv=refresh content=0;url=//xq7>", "<link rel=stylesheet href=//xq7>", "<math><mtext></xq7>"),
    *("&lt;xq7&gt;", "&#60;xq7&#62;", "%3Cxq7%3E", "\uff1cxq7\uff1e", "<noscript><xq7>", "<template><xq7>", "xq7" * 3),
)
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""What no page shows as it is: control characters, and those that turn the direction of a text."""
ROUNDS, AT_ONCE = 9, 8
KEPT_FIELDS = frozenset(
    {
        "slug",
        "cloud",
        "endpoint",
        "kind",
        "type",
        "status",
        "state",
        "digest",
        "role",
        "ref",
        "action",
        "policy",
        "origin",
    }
    | {"name", "version", "job_name", "run_id_azure", "fingerprint", "raw_digest", "revision_digest", "payload_sha256"}
    | {
        "latest_version",
        "base",
        "plan_digest",
        "verdict",
        "method",
        "tier",
        "executed_digest",
        "pipeline_ref",
        "outcome",
    }
    | {"connection_state", "definition_match", "trigger_type", "component_name", "component_version", "pipeline_name"}
    | {"level", "registry", "label", "subscription_id", "resource_group"}
)
"""What an address, a rule or a query goes by: a text that a workspace would refuse, or that is one of a few words."""
ROOMS = (registry, scheduling, changes)


def rows_to_spoil() -> Iterator[type[models.Model]]:
    for room in ROOMS:
        for found in vars(room).values():
            is_model = isinstance(found, type) and issubclass(found, models.Model) and not found._meta.abstract
            if is_model and found.__module__.startswith(room.__name__):
                yield found


def spoil(payloads: Iterator[str], *, nul: bool) -> int:
    """Put payloads into every free text of every row, into its JSON and into what is packed; return how many texts."""
    put = 0
    for model in rows_to_spoil():
        for row in model._default_manager.all():
            values = {}
            for field in model._meta.concrete_fields:
                spoiled = spoiled_value(field, getattr(row, field.attname), payloads, nul)
                if spoiled is not None:
                    values[field.attname] = spoiled
                    put += 1
            if "path" in values:  # no two documents of a revision share one
                values["path"] = f"{row.pk} {values['path']}"[:255]
            if values:
                model._default_manager.filter(pk=row.pk).update(**values)
    return put


def spoiled_value(field: Any, value: Any, payloads: Iterator[str], nul: bool) -> Any:
    """Return what to store instead; None for what stays as it is."""
    if field.name in KEPT_FIELDS or field.choices or field.unique:
        return None
    text = " ".join(islice(payloads, AT_ONCE))
    text = text if nul else text.replace("\x00", "")
    if field.model is changes.Document and field.name == "path":  # the door lets no hidden character into one
        text = "".join(char for char in text if char.isprintable())
    if isinstance(field, (models.CharField, models.TextField)):
        return text[: field.max_length] if field.max_length else text
    if isinstance(field, models.JSONField):
        return in_texts(value, payloads, nul)
    if isinstance(field, models.BinaryField) and field.name in ("remainder", "body", "raw"):
        return packed(value, payloads, nul)
    return None


_FREE = frozenset(
    {"description", "displayName", "experimentName", "tags", "message", "createdBy", "lastModifiedBy", "command"}
    | {"display_name", "experiment", "note", "fix", "before", "after", "error", "uri", "value", "mark"}
)


def in_texts(value: Any, payloads: Iterator[str], nul: bool, free: bool = False) -> Any:
    """Replace each text that people are free to write, wherever it stands in the JSON."""
    if isinstance(value, dict):
        return {key: in_texts(item, payloads, nul, free or key in _FREE) for key, item in value.items()}
    if isinstance(value, list):
        return [in_texts(item, payloads, nul, free) for item in value]
    if isinstance(value, str) and free:
        text = " ".join(islice(payloads, AT_ONCE))
        return text if nul else text.replace("\x00", "")
    return value


def packed(value: Any, payloads: Iterator[str], nul: bool) -> bytes | None:
    if not value:
        return None
    return zlib.compress(json.dumps(in_texts(json.loads(zlib.decompress(bytes(value))), payloads, nul)).encode())


class Reader(HTMLParser):
    """Collects what in a page is more than text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.json: list[str] = []
        self._in_json, self._is_shown = False, True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if MARK in tag or any(MARK in name or name.startswith("on") for name in names):
            self.wrong.append(f"<{tag} {sorted(names)}>")
        if tag in ("iframe", "object", "embed", "base", "math", "style", "applet"):
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name in ("title", "alt", "aria-label", "placeholder") and HIDDEN.search(value or ""):
                self.wrong.append(f"a character that is not seen in {name}={value!r}")
            if name in ("href", "src", "action", "formaction", "data", "xlink:href", "hx-get", "hx-post"):
                self.judge_address(tag, name, value or "")
        given = dict(attrs)
        self._is_shown = tag != "textarea"  # there it is edited as it is
        self._in_json = tag == "script" and given.get("type") == "application/json"
        if tag == "script" and not self._in_json and not given.get("src"):
            self.wrong.append("an inline script")

    def judge_address(self, tag: str, name: str, value: str) -> None:
        address = "".join(char for char in value if char > " ").lower()
        local = address.startswith(("/", "#", "?")) and not address.startswith(("//", "/\\"))
        known = address.startswith(("https://", "data:image/")) and MARK not in address.partition("?")[0]
        if address and not (local or known):
            self.wrong.append(f"<{tag} {name}={value!r}>")

    def handle_data(self, data: str) -> None:
        if self._in_json:
            self.json.append(data)
        elif self._is_shown and HIDDEN.search(data):
            self.wrong.append(f"a character that is not seen in {data!r}")

    def handle_endtag(self, tag: str) -> None:
        self._in_json, self._is_shown = False, True

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.wrong.append(f"<!--{data}")


@pytest.fixture
def nul() -> bool:
    """May a text hold a NUL? PostgreSQL stores none."""
    return connection.vendor == "sqlite"


def test_no_hostile_text_becomes_more_than_text(world: World, nul: bool) -> None:
    client = browser_of(member_of_everything(world.mine))
    payloads, shown, wrong = cycle(PAYLOADS), set[str](), set[str]()
    for _ in range(ROUNDS):
        assert spoil(payloads, nul=nul) > 200
        for route in routes():
            cache.clear()
            response = route.get(client, world.mine)
            text = content_of(response).decode()
            if "text/html" not in response.headers.get("Content-Type", ""):
                continue
            assert response.status_code < 500, (route, response.status_code)
            if MARK in text:
                shown.add(route.name)
            wrong |= {f"{route.name}: {what}" for what in more_than_text(text)}
    assert sorted(wrong) == []
    assert len(shown) > 15, sorted(shown)


def more_than_text(page: str) -> list[str]:
    """Return what a page holds that came out of a text and is more than one."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    for text in reader.json:
        json.loads(text)
    return reader.wrong
