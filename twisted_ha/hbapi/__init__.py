"""
The original's local API, for programs that were written for it: C{cl_status}, C{ipfail}, C{hb_standby}.

Whatever such a program does, floods, stalls or dies, the cluster goes on: every queue has an end, every
client is asked who it is by way of the kernel, and nothing is told before that.

@see: client-api.md.
"""
