"""Starts, watches and stops what the platform needs on one machine: databases, broker and its own processes."""
