"""
Who runs what: from the events of the cluster to the operations of agents.

Three sentences of heartbeat hold everywhere here: claim on the wire before touching a resource; take
all that is unclaimed only when the other side is stable or dead; when neither becomes stable in time,
take only what is yours.

L{manager} is the front door: it gives each event and message to the machine it concerns, and says when
to look again.  Behind it, in the order in which one may read them:

  - L{board}: what each node claims; L{doubt}: whether this one may believe it, after a stall.
  - L{worker} and L{group}: where groups are started and stopped, as the others wish; L{gate}: passed by
    each operation of a resource.
  - Four tables and their drivers: L{acquisition} and L{joiner}, L{standby} and L{mover}, L{takeover}
    and L{successor}, L{release} and L{leaver}.
  - L{lookout}: the other node comes and goes; L{offers}: it wants to give; L{refresher}: it has lost
    something; L{words}: what both say about a move.
  - L{requests}: what people ask; L{audit}: what the board shows while nothing moves.
  - L{legacy} and L{bystander}: without negotiation, and among more than two nodes.
"""
