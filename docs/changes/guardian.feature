When the daemon is killed or stalls on a living machine, a guardian process releases what it held before the other node takes it over.
