"""Prompts and their screening, tried."""
