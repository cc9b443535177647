"""Measurements, each one command: C{python -m benchmarks.failover}, C{... benchmarks.footprint}."""
