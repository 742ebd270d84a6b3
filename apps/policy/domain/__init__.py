"""The words and numbers of the rulebook, in pure code."""
