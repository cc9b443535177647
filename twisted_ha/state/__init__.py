"""What a node keeps on its disk from one life to the next."""
