"""Text with line numbers and the problems beside their lines; knows problems, not how they were found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.ui.addresses import check_address
from mlopsportal.ui.visible import plain_visible, ticked_html, visible_html

MAX_LINES = 5000
SEVERITY_WORDS = {Severity.ERROR: ("✗", "Error"), Severity.ADVICE: ("!", "Advice")}


def code_html(text: str, *, problems: Iterable[Problem] = (), anchor: str = "code", label: str = "Code") -> SafeString:
    """Return the numbered lines of `text`, each with its problems; line n has the id `<anchor>-L<n>`.

    Problems without a line, or beyond the end, come first. Texts over `MAX_LINES` lines are cut, and say so.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    by_line: dict[int, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_line[problem.line if problem.line and 1 <= problem.line <= min(len(lines), MAX_LINES) else 0].append(problem)
    rows = format_html_join("", "{}", ((_line(n, line, by_line[n], anchor),) for n, line in _numbered(lines)))
    cut = _cut_note(len(lines))
    return format_html(
        '{}<div class="code" tabindex="0" role="region" aria-label="{}"><ol>{}</ol></div>{}',
        problems_html(by_line[0]),
        plain_visible(label),
        rows,
        cut,
    )


def problems_html(problems: Sequence[Problem], anchor: str = "") -> SafeString | str:
    """Return a list of problems; with an `anchor` each one leads to its line in that code view."""
    if not problems:
        return ""
    items = format_html_join("", "<li>{}</li>", ((_problem(problem, anchor),) for problem in problems))
    return format_html('<ul class="problems">{}</ul>', items)


def _numbered(lines: Sequence[str]) -> Iterable[tuple[int, str]]:
    return enumerate(lines[:MAX_LINES], start=1)


def _line(number: int, line: str, problems: Sequence[Problem], anchor: str) -> SafeString:
    tone = _worst(problems)
    return format_html(
        '<li id="{}-L{}"{}><code>{}</code>{}</li>',
        anchor,
        number,
        format_html(' class="{}"', tone) if tone else "",
        visible_html(line),
        format_html_join("", "{}", ((_problem(problem, None),) for problem in problems)),
    )


def _worst(problems: Sequence[Problem]) -> str:
    if any(problem.severity == Severity.ERROR for problem in problems):
        return "error"
    return "advice" if problems else ""


def _problem(problem: Problem, anchor: str | None) -> SafeString:
    sign, word = SEVERITY_WORDS[Severity(problem.severity)]
    return format_html(
        '<span class="problem {}"><b>{} {}</b> {}{} {} <a class="quiet" href="{}">{}</a></span>',
        problem.severity,
        sign,
        word,
        _place(problem, anchor),
        ticked_html(problem.message),
        ticked_html(problem.fix),
        check_address(problem.code),
        problem.code,
    )


def _place(problem: Problem, anchor: str | None) -> SafeString | str:
    """Return the problem's line, as a link into the code view `anchor`; nothing (None) where it stands at its line."""
    if anchor is None or not problem.line:
        return ""
    if not anchor:
        return format_html("line {}: ", problem.line)
    return format_html('<a href="#{}-L{}">line {}</a>: ', anchor, problem.line, problem.line)


def _cut_note(count: int) -> SafeString | str:
    if count <= MAX_LINES:
        return ""
    return format_html('<p class="note warn">{} of {} lines are shown.</p>', MAX_LINES, count)
