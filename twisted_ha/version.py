"""The version, in a module of its own so that C{setup.cfg} can read it without importing Twisted."""

VERSION = "0.1.0"
