"""Provisioning and grants."""
