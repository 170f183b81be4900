"""Tests of specs: plain values in, plain values out."""
