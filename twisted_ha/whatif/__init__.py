"""
The simulator in an operator's hands: C{hactl simulate} and C{hactl advise}.

It takes the configuration that the daemon would take, asks L{twisted_ha.sim} what would become of it,
and says so in the words of somebody who looks after a service: who had it, who had it not, and why.
"""
