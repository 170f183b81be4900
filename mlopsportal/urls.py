"""Every address of the site: each room brings its own; health and the REST door are added here."""

from __future__ import annotations

from django.urls import include, path

from mlopsportal import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("compare/", views.compare_page, name="compare"),
    path("search/", views.search_page, name="search"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", include("mlopsportal.api")),
    path("", include("mlopsportal.ui.urls")),
    path("", include("mlopsportal.accounts.urls")),
    path("", include("mlopsportal.audit.urls")),
    path("", include("registry.urls")),
    path("", include("scheduling.urls")),
    path("", include("mlopsportal.changes.urls")),
]

handler400 = "mlopsportal.ui.views.bad_request"
