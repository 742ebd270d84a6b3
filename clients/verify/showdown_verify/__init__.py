"""The offline verifier of a transparency log: checks what a log says with nothing of the log's own program."""
