"""Measurements inside Django, each a program that is started with the addresses of a database of its own."""
