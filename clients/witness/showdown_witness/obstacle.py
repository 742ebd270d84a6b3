"""What keeps a witness from working, told in one sentence and with what to do."""


class Obstacle(Exception):
    """The witness cannot start or go on; the message says why and what its owner can do."""
