"""Reads of moderation: what waits, the queue, one case, one decision, and the public figures."""
