"""The tests of voters, tried without a database."""
