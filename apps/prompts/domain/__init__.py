"""How a prompt is read before it enters the pool, in pure code."""
