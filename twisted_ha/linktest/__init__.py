"""
A test of the roads between the nodes before anybody trusts them: C{hactl link-test}.

It sends signed messages of a type of its own over the very media the daemon would use, and each side
tells the other what it has heard.  It opens nothing by itself: media are handed in.
"""
