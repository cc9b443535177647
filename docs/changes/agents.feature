Resource scripts run with a deadline in a process group of their own; one that hangs is ended and counts as failed.
