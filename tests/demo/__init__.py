"""
A cluster on this machine that forms, moves its service, loses a node and heals.

    python -m tests.demo
"""
