"""The versioned rulebook: clauses, their parameters and their texts."""
