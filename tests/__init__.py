"""The tests: by app, by journey through a browser, and of the architecture itself."""
