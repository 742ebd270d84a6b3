"""The log's pages and its public files."""
