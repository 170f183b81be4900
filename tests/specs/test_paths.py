from __future__ import annotations

import pytest

from mlopsportal.specs.paths import is_absolute, is_local, leaves_bundle, local_path


@pytest.mark.parametrize(
    ("document", "text", "path"),
    [
        ("a.yml", "./b.yml", "b.yml"),
        ("p/a.yml", "../c/b.yml", "c/b.yml"),
        ("p/a.yml", "b.yml", "p/b.yml"),
        ("p/a.yml", "file:./b.yml", "p/b.yml"),
        ("p/a.yml", "..\\b.yml", "b.yml"),
        ("a.yml", "../b.yml", "../b.yml"),
        ("a.yml", "/etc/passwd", None),
        ("a.yml", "file:/etc/passwd", None),
        ("a.yml", "file:///etc/passwd", None),
        ("a.yml", "%2fetc/passwd", None),
        ("a.yml", "~/x", None),
        ("a.yml", "C:\\x", None),
        ("a.yml", "\\\\host\\x", None),
        ("a.yml", "a\0b", None),
        ("a.yml", "azureml:a:1", None),
        ("a.yml", "https://x/y", None),
        ("a.yml", "${{parent.inputs.x}}", None),
    ],
)
def test_paths_are_resolved_inside_the_bundle(document: str, text: str, path: str | None) -> None:
    assert local_path(document, text) == path


def test_what_leaves_the_bundle_is_seen() -> None:
    assert leaves_bundle("../b.yml")
    assert leaves_bundle("..")
    assert not leaves_bundle("..b.yml")
    assert is_absolute("/x")
    assert not is_absolute("./x")
    assert is_local("x.yml")
    assert not is_local("wasbs://x")
