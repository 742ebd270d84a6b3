"""Tests of showdown-witness, the client that countersigns."""
