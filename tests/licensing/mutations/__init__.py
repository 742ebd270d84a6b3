"""Each of the wall's rules taken away once, to see which test notices."""
