"""The versioned JSON contract."""
