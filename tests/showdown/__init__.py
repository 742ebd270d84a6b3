"""Tests of showdown."""
