"""The tests of voters: pure functions over columns of votes."""
