"""The pure parts of the look."""
