"""The wall and the licensing desk."""
