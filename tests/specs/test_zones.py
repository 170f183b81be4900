from __future__ import annotations

import pytest

from mlopsportal.specs import zones


@pytest.mark.parametrize(
    ("name", "iana", "windows"),
    [
        ("UTC", "UTC", "UTC"),
        ("utc", "UTC", "UTC"),
        ("W. Europe Standard Time", "Europe/Berlin", "W. Europe Standard Time"),
        ("pacific standard time", "America/Los_Angeles", "Pacific Standard Time"),
        ("Europe/Vienna", "Europe/Vienna", "W. Europe Standard Time"),
        ("europe/berlin", "Europe/Berlin", "W. Europe Standard Time"),
        ("Utopia", None, None),
        ("", None, None),
        ("../../etc/passwd", None, None),
    ],
)
def test_zones_have_two_names(name: str, iana: str | None, windows: str | None) -> None:
    assert zones.iana_of(name) == iana
    assert zones.windows_of(name) == windows


def test_every_windows_name_has_rules() -> None:
    names = zones.windows_names()
    assert names[0] == "UTC"
    assert len(names) > 130
    assert all(zones.zone_of(name) is not None and zones.is_windows(name) for name in names)
    assert not zones.is_windows("Europe/Berlin")
    assert zones.zone_of("Utopia") is None
