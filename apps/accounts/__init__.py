"""Who signs in, with which role, and what waits in their inbox."""
