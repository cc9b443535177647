"""Making certain that a node does not run any more, before its resources are taken."""
