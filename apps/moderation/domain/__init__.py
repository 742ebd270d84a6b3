"""What moderation decides without a database: places in the queue, samples, the words of a statement."""
