A node and a node of real heartbeat 3.0.6 form one cluster and pass resources to each other, so a running cluster can be replaced node by node.
