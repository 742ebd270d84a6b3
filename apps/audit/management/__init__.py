"""The log's commands, and the base that every command of the platform derives from."""
