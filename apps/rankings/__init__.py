"""Nightly Bradley-Terry boards and the snapshots that publish them."""
