"""
The matrix: every story with every setting it is told in, one cluster of ours and heartbeat 3.0.6 each.

L{settings<tests.interop.matrix.settings>} are what a cluster is made of, L{stories
<tests.interop.matrix.stories>} and L{troubles<tests.interop.matrix.troubles>} what happens to it, and
L{cases<tests.interop.matrix.cases>} which story is told with which setting.  A
L{stage<tests.interop.matrix.stage>} carries one of them out and judges how it ended.  The few that
C{tests.interop.test_matrix} tells for every change and all of them (C{make interop}) go the same way.
"""
