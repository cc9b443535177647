Recorded packets of a node that is gone are refused by a daemon that was just started, too: how far every node was heard is kept in twisted_ha.peers in the state directory.
