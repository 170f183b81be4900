"""The addresses of the audit pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from mlopsportal.audit import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("audit/", views.event_list, name="event-list"),
    path("audit/export/", views.event_export, name="event-export"),
    path("audit/<int:event_id>/", views.event_detail, name="event-detail"),
]
