"""The addresses of the scheduling pages."""

from __future__ import annotations

from django.urls import path

from scheduling import views

urlpatterns = [
    path("schedule-preview/", views.schedule_preview, name="schedule-preview"),
    path("w/<slug:slug>/schedules/", views.schedule_list, name="schedule-list"),
    path("w/<slug:slug>/schedules/<str:name>/", views.schedule_detail, name="schedule-detail"),
    path("w/<slug:slug>/schedules/<str:name>/states/<str:digest>/", views.schedule_state, name="schedule-state"),
]
