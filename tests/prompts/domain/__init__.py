"""Screening, tried without a database."""
