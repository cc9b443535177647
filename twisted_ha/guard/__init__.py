"""The guardian's own process, and the words it shares with the daemon."""
