"""Tests of what finds careless and planted votes."""
