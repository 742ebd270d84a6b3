"""The pages of the rulebook and of the ways out."""
