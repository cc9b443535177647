"""Measurements, each one command: C{python -m benchmarks.failover} and so on."""
