"""The offline verifier: what it accepts, what it refuses, and that it stands alone."""
