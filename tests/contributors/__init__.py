"""The way from a first visit to taking part, tried."""
