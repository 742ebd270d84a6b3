"""The subjects of the platform, one Django app each; see docs and the floors in pyproject.toml."""
