"""The addresses of the pages of changes."""

from __future__ import annotations

from django.urls import path

from mlopsportal.changes.views import editing, opening, reading, verbs

urlpatterns = [
    path("changes/", reading.change_list, name="change-list"),
    path("changes/new/", opening.change_new, name="change-new"),
    path("changes/<int:number>/", reading.change_detail, name="change-detail"),
    path("changes/<int:number>/live/", reading.change_live, name="change-live"),
    path("changes/<int:number>/edit/", editing.change_edit, name="change-edit"),
    path("changes/<int:number>/submit/", verbs.change_submit, name="change-submit"),
    path("changes/<int:number>/review/", verbs.change_review, name="change-review"),
    path("changes/<int:number>/comment/", verbs.change_comment, name="change-comment"),
    path("changes/<int:number>/apply/", verbs.change_apply, name="change-apply"),
    path("changes/<int:number>/resume/", verbs.change_resume, name="change-resume"),
    path("changes/<int:number>/compensate/", verbs.change_compensate, name="change-compensate"),
    path("changes/<int:number>/replan/", verbs.change_replan, name="change-replan"),
    path("changes/<int:number>/override/", verbs.change_override, name="change-override"),
    path("changes/<int:number>/withdraw/", verbs.change_withdraw, name="change-withdraw"),
]
