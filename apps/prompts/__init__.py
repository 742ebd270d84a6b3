"""Prompts, their screening and the clusters of near-duplicates they live in."""
