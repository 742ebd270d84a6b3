"""A witness of transparency logs (C2SP tlog-witness): it countersigns a log's checkpoints while the log only grows."""
