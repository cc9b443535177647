"""The guardian: its process, the daemon's side of it, and the words they share."""
