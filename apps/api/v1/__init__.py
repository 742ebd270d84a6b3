"""Version 1 of the JSON contract: one file a resource."""
