"""What people can declare about themselves and agree to, in pure code."""
