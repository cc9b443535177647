"""
Who may speak: the keys of C{authkeys} and the digests made with them.

@see: wire-protocol.md section 2.
"""
