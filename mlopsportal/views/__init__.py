"""Pages that need several rooms, one module a page."""

from __future__ import annotations

from mlopsportal.views.comparing import compare_page
from mlopsportal.views.home import home, search_page
from mlopsportal.views.impact import impact_page
from mlopsportal.views.making import making_page
from mlopsportal.views.upgrading import upgrade_page

__all__ = ["compare_page", "home", "impact_page", "making_page", "search_page", "upgrade_page"]
