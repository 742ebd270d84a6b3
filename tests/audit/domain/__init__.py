"""The log's pure rules, tried without a database."""
