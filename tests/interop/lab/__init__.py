"""
A laboratory: machines, cables and a user of the service, on one Linux kernel.

A L{Machine<machine.Machine>} is a network, mount, UTS and PID namespace with a first process of its own;
the L{Lab<laboratory.Lab>} gives each of them two network cards and the cables to two switches.  Power
loss is power loss: the first process is killed, the cables fall, the addresses are gone.

Nothing in it has a name outside the laboratory: when the process that made it ends, however it ends, the
kernel takes everything away.  It is written for tests and benchmarks that wait, so it blocks.
"""

from tests.interop.lab.laboratory import SERVICE_ADDRESS, Lab
from tests.interop.lab.machine import Machine
from tests.interop.lab.requirements import whyNot
from tests.interop.lab.waiting import ConditionNotMet, waitFor

__all__ = ["SERVICE_ADDRESS", "ConditionNotMet", "Lab", "Machine", "waitFor", "whyNot"]
