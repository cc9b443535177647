An address that is the node's own is refused as a resource, and never removed.
