"""The REST views of accounts, with their addresses below /api/v1/: none yet, only how callers are known."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from mlopsportal.accounts.schema import TokenScheme

__all__ = ["TokenScheme", "urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = []
