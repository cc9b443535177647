"""
Who is in the cluster, and messages that arrive.

A frame comes in through C{receiver}, which alone refuses; C{admission} finds its place in its sender's
life and order; C{membership} draws the conclusions and C{core} hands the message on.  What goes out is
stamped, signed and kept by C{transmitter}.  No module here does I/O or reads a clock of its own.
"""
