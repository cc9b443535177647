The simulator of whole clusters (docs/simulator.md) runs stories of failures against a configuration, in seconds and reproducibly, with nodes of ours and a model of heartbeat 3.0.6.
