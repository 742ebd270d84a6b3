"""What the log promises, tried."""
