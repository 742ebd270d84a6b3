"""What a release is, without a database: filters, counts, items, pseudonyms, editions."""
