"""A model of heartbeat 3.0.6 at the level of its messages, written from the specification."""
