"""Fencing devices."""
