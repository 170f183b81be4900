"""Tests of the checks, one module per kind of document."""
