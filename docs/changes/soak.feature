`make soak` runs thousands of simulated hours of faults and writes a report; stories can change a node's key and let the power fail in the middle of a write.
