"""The living demo network: invented people, labs, questions and votes, made by code from a seed."""
