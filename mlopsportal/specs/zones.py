"""Time zone names, Windows and IANA; knows nothing of schedules.

Azure ML schedules name zones the Windows way ("W. Europe Standard Time"); the map is CLDR's, as tzlocal ships it.
"""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tzlocal.windows_tz import tz_win, win_tz

_WINDOWS = {name.lower(): (name, iana) for name, iana in win_tz.items()}
_UTC_NAMES = frozenset({"utc", "etc/utc", "z", "coordinated universal time"})


@cache
def _iana_by_folded_name() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def iana_of(name: str) -> str | None:
    """Return the IANA name of a Windows or IANA zone name, any case; None when the zone is unknown."""
    folded = name.strip().lower()
    if folded in _UTC_NAMES:
        return "UTC"
    if folded in _WINDOWS:
        return _WINDOWS[folded][1]
    return _iana_by_folded_name().get(folded)


def windows_of(name: str) -> str | None:
    """Return the Windows name for a Windows or IANA zone name, any case; None when there is none."""
    folded = name.strip().lower()
    if folded in _UTC_NAMES:
        return "UTC"
    if folded in _WINDOWS:
        return _WINDOWS[folded][0]
    iana = _iana_by_folded_name().get(folded)
    return tz_win.get(iana) if iana else None


def is_windows(name: str) -> bool:
    """Is this a name that Azure ML takes (a Windows zone name or UTC)?"""
    return name.strip().lower() in _WINDOWS or name.strip().lower() == "utc"


def windows_names() -> list[str]:
    """Every zone name Azure ML takes, UTC first, then alphabetical."""
    return ["UTC", *sorted(name for name in win_tz if name != "UTC")]


def zone_of(name: str) -> ZoneInfo | None:
    """Return the zone's rules; None when the zone is unknown."""
    iana = iana_of(name)
    if iana is None:
        return None
    try:
        return ZoneInfo(iana)
    except ZoneInfoNotFoundError:
        return None
