Service addresses are taken by a built-in agent in about a millisecond, after asking whether somebody else has them, and announced at once.
