"""The template tags that every page shares; each only turns a value into markup, escaped by `format_html`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django import template
from django.http import HttpRequest
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from mlopsportal.specs.diff import Change
from mlopsportal.specs.problems import Problem
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.textdiff import Hunk
from mlopsportal.ui import addresses, code, differences, drawing, jsonview, times
from mlopsportal.ui.badges import badge_of
from mlopsportal.ui.visible import plain_visible, ticked_html, visible_html

register = template.Library()

_STUDIO_HOSTS = {
    "azure": "ml.azure.com",
    "azure-china": "studio.ml.azure.cn",
    "azure-us-government": "ml.azure.us",
}
_STUDIO_PAGES = {
    "component": "component/{name}/{version}",
    "data": "data/{name}/{version}/details",
    "model": "model/list/{name}:{version}/details",
    "environment": "environments/{name}/version/{version}",
    "run": "runs/{name}",
    "schedule": "schedules/{name}",
}


@register.simple_tag
def badge(state: object, group: str = "", detail: object = "", word: str = "") -> SafeString:
    """Return the pill of a state: sign, word and tone; `detail` follows after a middle dot."""
    known = badge_of(state, group)
    return pill(word or known.word, known.tone, known.sign, detail)


@register.simple_tag
def pill(word: object, tone: str = "plain", sign: str = "", detail: object = "") -> SafeString:
    """Return a pill with words of one's own; `tone` is good, warn, bad, info or plain."""
    return format_html(
        '<span class="pill {}">{}{}{}</span>',
        tone,
        format_html('<span class="sign" aria-hidden="true">{}</span>', sign) if sign else "",
        plain_visible(str(word)),
        format_html(" · {}", plain_visible(str(detail))) if detail not in ("", None) else "",
    )


@register.simple_tag
def mark(sign: str, word: str, tone: str = "") -> SafeString:
    """Return a one-character mark with its word for those who do not see it."""
    return format_html('<span class="mark {}" role="img" aria-label="{}">{}</span>', tone, word, sign)


@register.simple_tag
def ago(moment: datetime | None, never: str = "never") -> SafeString:
    """Return a relative time; the exact one, UTC and local, is shown on hover and focus."""
    if moment is None:
        return format_html('<span class="quiet">{}</span>', never)
    return format_html(
        '<time class="num" datetime="{}" title="{}" tabindex="0" data-ago>{}</time>',
        times.iso(moment),
        times.exact(moment),
        times.relative(moment, timezone.now()),
    )


@register.simple_tag
def at(moment: datetime | None, never: str = "never") -> SafeString:
    """Return an exact time in UTC; the local one is shown on hover and focus."""
    if moment is None:
        return format_html('<span class="quiet">{}</span>', never)
    exact = times.exact(moment)
    return format_html('<time class="num nowrap" datetime="{}" tabindex="0">{}</time>', times.iso(moment), exact)


@register.filter
def duration(value: timedelta | float | None) -> str:
    """Return a length of time in words; a number is seconds."""
    return times.duration_words(value)


@register.simple_tag
def ref_url(ref: Ref | str, workspace: object = None, pipeline: bool = False) -> str:
    """Return the address of the page about a ref, "" when there is none."""
    known = addresses.as_ref(ref)
    return addresses.ref_address(known, workspace, pipeline=pipeline) if known else ""


@register.simple_tag
def ref_link(ref: Ref | str, workspace: object = None, pipeline: bool = False, text: str = "") -> SafeString:
    """Return a link with the ref's words (`component train 3`), plain text when nothing can be linked."""
    known = addresses.as_ref(ref)
    if known is None:
        return format_html("<span>{}</span>", text or plain_visible(str(ref)))
    words = text or ref_words(known, pipeline=pipeline)
    address = addresses.ref_address(known, workspace, pipeline=pipeline)
    if not address:
        return format_html("<span>{}</span>", plain_visible(words))
    return format_html('<a href="{}">{}</a>', address, plain_visible(words))


@register.simple_tag
def plural_ref(count: int, kind: str, pipeline: bool = False) -> str:
    """Return `1 component`, `3 pipelines`, `2 data assets`."""
    return count_words(count, "pipeline" if pipeline and kind == "component" else kind)


@register.simple_tag
def compare_url(left: Ref | str, right: Ref | str) -> str:
    return addresses.compare_address(left, right)


@register.simple_tag
def lineage_url(ref: Ref | str, workspace: object) -> str:
    return addresses.lineage_address(ref, workspace)


@register.simple_tag
def section_url(section: str, workspace: object) -> str:
    """Return the address of a list page (`runs`, `pipelines`, …) of a workspace."""
    return addresses.section_address(section, workspace)


@register.simple_tag
def site_url(page: str) -> str:
    """Return the address of a page that stands above all rooms (`compare`), whose view ui cannot name."""
    return addresses.site_address(page)


@register.simple_tag
def studio_link(workspace: Any, ref: Ref | str) -> SafeString | str:
    """Return a link to the object in Azure ML Studio; nothing for the sandbox or a kind without a page there."""
    known = addresses.as_ref(ref)
    host = _STUDIO_HOSTS.get(str(getattr(workspace, "cloud", "")))
    if known is None or host is None or known.kind not in _STUDIO_PAGES:
        return ""
    page = _STUDIO_PAGES[known.kind].format(
        name=quote(known.name, safe=""), version=quote(known.version or "", safe="")
    )
    scope = (
        f"/subscriptions/{workspace.subscription_id}/resourceGroups/{workspace.resource_group}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{workspace.name}"
    )
    address = f"https://{host}/{page}?{urlencode({'wsid': scope})}"
    return format_html('<a href="{}" rel="noreferrer noopener">Open in Azure ML Studio</a>', address)


@register.simple_tag
def copy(text: object, shown: object = None, label: str = "") -> SafeString:
    """Return a text in mono with a button that copies it; `shown` may be shorter than what is copied."""
    full = str(text)
    return format_html(
        '<span class="copy"><code title="{}">{}</code>'
        '<button type="button" data-copy="{}" aria-label="Copy {}" hidden>copy</button></span>',
        plain_visible(full),
        plain_visible(full if shown is None else str(shown)),
        escape(full),
        label or plain_visible(full)[:80],
    )


@register.simple_tag
def copy_button(text: object, label: str = "text") -> SafeString:
    """Return only a button that copies a text, for a heading beside the text itself."""
    return format_html(
        '<button type="button" class="btn small" data-copy="{}" aria-label="Copy {}" hidden>Copy</button>',
        escape(str(text)),
        label,
    )


@register.filter
def short_digest(digest: str | None) -> str:
    """Return `9b1e…c07a` of a long digest; a short one as it is."""
    text = str(digest or "")
    return text if len(text) <= 12 else f"{text[:4]}…{text[-4:]}"


@register.simple_tag
def digest_copy(digest: str | None, label: str = "digest") -> SafeString:
    """Return the short form of a digest with a button that copies all of it."""
    return copy(digest, short_digest(digest), label) if digest else format_html('<span class="quiet">{}</span>', "–")


@register.filter(name="bytes")
def bytes_words(size: int | None) -> str:
    """Return `812 B`, `1.8 kB`, `6.2 MB` (powers of 1000)."""
    if size is None:
        return "–"
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(amount) < 1000:
            return f"{int(amount)} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


@register.filter
def visible(text: object) -> SafeString:
    """Return a text with control, bidi and zero-width characters shown as escapes."""
    return visible_html(str(text))


@register.filter
def plain(text: object) -> str:
    """Return a text as `visible` does but without markup, for titles and attributes."""
    return plain_visible(str(text))


@register.filter
def ticked(text: object) -> SafeString:
    """Return a sentence as `visible` does, with what stands in backticks as code."""
    return ticked_html(str(text))


@register.simple_tag(name="code")
def code_tag(text: str, problems: Iterable[Problem] = (), anchor: str = "code", label: str = "Code") -> SafeString:
    """Return numbered lines with problem markers; line n is `#<anchor>-L<n>`."""
    return code.code_html(text, problems=problems, anchor=anchor, label=label)


@register.simple_tag
def problem_list(problems: Iterable[Problem], anchor: str = "") -> SafeString | str:
    """Return problems as a list; with `anchor` each leads to its line in that code view."""
    return code.problems_html(list(problems), anchor)


@register.simple_tag
def diff(
    hunks: Sequence[Hunk], label: str = "the text", unified: bool = False, places: Sequence[str] = ()
) -> SafeString:
    """Return the hunks of `specs.textdiff.text_diff`, side by side where there is room."""
    return differences.diff_html(hunks, label=label, unified=unified, places=places)


@register.simple_tag
def fields_diff(changes: Sequence[Change], label: str = "Changed fields", grouped: bool = False) -> SafeString:
    """Return the changes of `specs.diff.diff` as a table; `grouped` by the step or section they are about."""
    return differences.fields_html(changes, label=label, grouped=grouped)


@register.simple_tag
def graph(drawn: drawing.Drawing) -> SafeString:
    """Return a drawing made by `mlopsportal.ui.drawing.drawing_of` as SVG."""
    return drawing.svg_html(drawn)


@register.inclusion_tag("ui/_graph_table.html")
def graph_table(drawn: drawing.Drawing) -> Mapping[str, object]:
    """Return the same drawing as a table of steps."""
    return {"rows": drawing.table_rows(drawn), "label": f"{drawn.label} as a table"}


@register.simple_tag
def json_view(value: object, label: str = "JSON", depth_open: int = 2) -> SafeString:
    """Return a JSON value as a tree of details."""
    return jsonview.json_html(value, label=label, depth_open=depth_open)


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: object) -> str:
    """Return the page's query string with some parameters replaced; None or "" takes one out, so does paging."""
    request: HttpRequest = context["request"]
    params = request.GET.copy()
    params.pop("cursor", None)
    for name, value in changes.items():
        params.pop(name, None)
        if value not in (None, ""):
            params[name] = str(value)
    return f"?{params.urlencode()}" if params else "?"


@register.inclusion_tag("ui/_pager.html", takes_context=True)
def pager(context: RequestContext, page: Any, label: str = "Pages") -> Mapping[str, object]:
    """Return the links to the previous and next page; nothing when there is one page only."""
    return {
        "label": label,
        "next": query(context, cursor=page.next) if page.next else "",
        "previous": query(context, cursor=page.previous) if page.previous else "",
    }


@register.simple_tag(takes_context=True)
def sort_link(context: RequestContext, name: str, words: str, default: str = "") -> SafeString:
    """Return a heading that sorts by `name`, the other way round when it already does."""
    turned = f"-{name}" if _sorted_by(context, default) == name else name
    return format_html('<a href="{}">{}</a>', query(context, sort=turned), words)


@register.simple_tag(takes_context=True)
def sort_state(context: RequestContext, name: str, default: str = "") -> SafeString | str:
    """Return the `aria-sort` attribute of a heading, nothing when the list is not sorted by it."""
    now = _sorted_by(context, default)
    if now.removeprefix("-") != name:
        return ""
    return format_html(' aria-sort="{}"', "descending" if now.startswith("-") else "ascending")


def _sorted_by(context: RequestContext, default: str) -> str:
    request: HttpRequest = context["request"]
    return request.GET.get("sort", default)


@register.inclusion_tag("ui/_empty.html")
def empty(title: str, text: str = "", url: str = "", action: str = "") -> Mapping[str, object]:
    """Return what an empty list says: what would fill it, and the way there."""
    return {"title": title, "text": text, "url": url, "action": action}


_PLURALS = {"data": "data assets", "change": "change requests", "code": "code folders"}
_SINGULARS = {"data": "data asset", "change": "change request", "code": "code folder"}


def count_words(count: int, kind: str) -> str:
    """Return the count with its noun in the right number."""
    return f"{count} {_SINGULARS.get(kind, kind) if count == 1 else _PLURALS.get(kind, f'{kind}s')}"


def ref_words(ref: Ref, *, pipeline: bool = False) -> str:
    """Return `pipeline churn_training 7`: kind, name and version as people say it."""
    kind = "pipeline" if pipeline and ref.kind == "component" else ref.kind
    if ref.kind == "change":
        return f"change {ref.name.partition('@')[0]}" + (f", {ref.version}" if ref.version else "")
    version = (ref.version or "").removeprefix("@")
    return f"{kind} {ref.name} {short_digest(version)}".strip()
