"""What people can declare, tried without a database."""
