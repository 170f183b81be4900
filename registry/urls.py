"""The addresses of the registry pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, register_converter

from registry.sections import SectionConverter
from registry.views import assets, practices, runs, workspaces

register_converter(SectionConverter, "section")

urlpatterns: list[URLPattern | URLResolver] = [
    path("workspaces/", workspaces.workspace_list, name="workspace-list"),
    path("workspaces/add/", workspaces.workspace_add, name="workspace-add"),
    path("w/<slug:slug>/", workspaces.workspace_detail, name="workspace-detail"),
    path("w/<slug:slug>/edit/", workspaces.workspace_edit, name="workspace-edit"),
    path("w/<slug:slug>/practices/", practices.practices, name="workspace-practices"),
    path("w/<slug:slug>/check/", workspaces.workspace_check, name="workspace-check"),
    path("w/<slug:slug>/connection/", workspaces.workspace_connection, name="workspace-connection"),
    path("w/<slug:slug>/syncs/", workspaces.sync_list, name="sync-list"),
    path("w/<slug:slug>/syncs/now/", workspaces.sync_now, name="sync-now"),
    path("w/<slug:slug>/findings/", workspaces.finding_list, name="finding-list"),
    path("w/<slug:slug>/findings/<int:key>/confirm/", workspaces.finding_confirm, name="finding-confirm"),
    path("w/<slug:slug>/findings/<int:key>/dismiss/", workspaces.finding_dismiss, name="finding-dismiss"),
    path("w/<slug:slug>/lineage/", workspaces.lineage, name="lineage"),
    path("w/<slug:slug>/runs/", runs.run_list, name="run-list"),
    path("w/<slug:slug>/runs/<str:job_name>/", runs.run_detail, name="run-detail"),
    path("w/<slug:slug>/runs/<str:job_name>/refresh/", runs.run_refresh, name="run-refresh"),
    path("w/<slug:slug>/runs/<str:job_name>/logs/<str:run_id_azure>/", runs.run_logs, name="run-logs"),
    path(
        "w/<slug:slug>/runs/<str:job_name>/logs/<str:run_id_azure>/fetch/", runs.run_logs_fetch, name="run-logs-fetch"
    ),
    path("w/<slug:slug>/<section:section>/", assets.asset_list, name="asset-list"),
    path("w/<slug:slug>/<section:section>/<str:name>/", assets.asset_detail, name="asset-detail"),
    path(
        "w/<slug:slug>/<section:section>/<str:name>/versions/<str:version>/",
        assets.version_detail,
        name="version-detail",
    ),
]
