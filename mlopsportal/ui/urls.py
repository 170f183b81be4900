"""The addresses of the help pages."""

from __future__ import annotations

from django.urls import path

from mlopsportal.ui import views

urlpatterns = [
    path("help/", views.help_page, name="help"),
    path("help/checks/", views.check_list, name="check-list"),
    path("help/checks/<slug:code>/", views.check_detail, name="check-detail"),
]
