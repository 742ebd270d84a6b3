"""The pure part of battles, tried without a database."""
