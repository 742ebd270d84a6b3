"""The ranking engine, tried without a database."""
