"""Readers of battle files, with good files and bad ones."""
