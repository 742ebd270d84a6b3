"""What a person may be on this platform, in pure code."""
