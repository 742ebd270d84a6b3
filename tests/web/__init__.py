"""The site shell and the look."""
