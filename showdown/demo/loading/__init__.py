"""Writing the invented network into the database: in bulk where there is much, by the services where it is rare."""
