"""The neutrality register, tried."""
