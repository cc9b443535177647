On Linux the daemon is not woken by its own broadcasts.
