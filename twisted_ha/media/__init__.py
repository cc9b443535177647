"""The ways of reaching the other nodes: sockets, serial lines, and echo requests."""
