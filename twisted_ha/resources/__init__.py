"""
Who runs what: from the events of the cluster to the operations of agents.

Three sentences of heartbeat hold everywhere here: claim on the wire before touching a resource; take
all that is unclaimed only when the other side is stable or dead; when neither becomes stable in time,
take only what is yours.
"""
