"""Registers the accounts app."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "mlopsportal.accounts"
    label = "accounts"
