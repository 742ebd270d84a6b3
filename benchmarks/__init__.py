"""Measurements that anyone can repeat: ``python -m benchmarks`` prints one table per section."""
