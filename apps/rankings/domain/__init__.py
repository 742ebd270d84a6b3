"""The ranking engine: votes in, one board of ratings with intervals and rank spreads out; arrays only."""
