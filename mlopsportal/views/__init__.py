"""Pages that need several rooms, one module a page."""

from __future__ import annotations

from mlopsportal.views.comparing import compare_page
from mlopsportal.views.home import home, search_page
from mlopsportal.views.impact import impact_page

__all__ = ["compare_page", "home", "impact_page", "search_page"]
