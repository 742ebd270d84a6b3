"""The pages of releases: for everybody, for officers, for licensees and for contributors."""
