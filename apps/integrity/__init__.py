"""Tests of voters for carelessness and manipulation, and what they found."""
