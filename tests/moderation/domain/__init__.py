"""Moderation, tried without a database."""
