"""The people who vote: networks, claims about themselves, consents, standing."""
