"""A log line is one line of JSON, whatever is in the message, and shows no secret."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from mlopsportal.logs import JsonFormatter


def line(message: str, *arguments: object, error: bool = False) -> str:
    record = logging.LogRecord(
        "room", logging.WARNING, __file__, 1, message, arguments, sys.exc_info() if error else None
    )
    return JsonFormatter().format(record)


def test_a_line_is_json_with_time_level_logger_and_message() -> None:
    told = json.loads(line("%s was %s", "train", "archived"))
    assert told["message"] == "train was archived"
    assert (told["level"], told["logger"]) == ("WARNING", "room")
    assert told["time"].endswith("+00:00")


@pytest.mark.parametrize("character", ["\n", "\r", "\x1b", "\x00", "\x7f", "\x85", "\u2028", "\u202e"])
def test_a_control_character_stays_inside_the_line(character: str) -> None:
    text = line(f"before{character}after")
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["message"] == f"before{character}after"


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789",
        "https://store.blob.core.windows.net/c/b?sv=2024&sig=abcdefghijklmnopqrstuvwxyz",
        "DefaultEndpointsProtocol=https;AccountKey=abcdefghijklmnopqrstuvwxyz==",
        "postgres://portal:abcdefghijklmnopqrstuvwxyz@db/portal",
    ],
)
def test_a_secret_is_masked_in_messages_and_errors(secret: str) -> None:
    assert "abcdefghijklmnopqrstuvwxyz" not in line("sent %s", secret)
    try:
        raise RuntimeError(secret)
    except RuntimeError:
        told = line("failed", error=True)
    assert "RuntimeError" in told
    assert "abcdefghijklmnopqrstuvwxyz" not in told
