"""Every address of the site: each room brings its own; health, metrics and the REST door are added here."""

from __future__ import annotations

from django.urls import include, path

from mlopsportal import health, metrics, views
from registry import urls as registry_pages  # brings the converter of sections, which `impact` needs too

urlpatterns = [
    path("", views.home, name="home"),
    path("compare/", views.compare_page, name="compare"),
    path("search/", views.search_page, name="search"),
    path("w/<slug:slug>/<section:section>/<str:name>/versions/<str:version>/impact/", views.impact_page, name="impact"),
    path("w/<slug:slug>/making/", views.making_page, name="making"),
    path("w/<slug:slug>/upgrade/", views.upgrade_page, name="upgrade"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/v1/", include("mlopsportal.api")),
    path("", include("mlopsportal.ui.urls")),
    path("", include("mlopsportal.accounts.urls")),
    path("", include("mlopsportal.audit.urls")),
    path("", include(registry_pages)),
    path("", include("scheduling.urls")),
    path("", include("mlopsportal.changes.urls")),
]

handler400 = "mlopsportal.views.refusing.bad_request"
handler403 = "mlopsportal.views.refusing.permission_denied"
handler404 = "mlopsportal.views.refusing.page_not_found"
handler500 = "mlopsportal.views.refusing.server_error"
