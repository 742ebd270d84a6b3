"""What is known about countries, in pure code."""
