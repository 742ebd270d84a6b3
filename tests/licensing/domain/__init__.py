"""What a release is, tried without a database."""
