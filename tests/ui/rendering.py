"""Render a piece of a template as a page would, and read what a browser would make of it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.template import engines
from django.test import RequestFactory


class Elements(HTMLParser):
    """Collects what a browser would make of a piece of markup."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def render(source: str, url: str = "/w/demo/runs/", **context: Any) -> str:
    template = engines["django"].from_string("{% load ui %}" + source)
    return str(template.render(context, RequestFactory().get(url)))
