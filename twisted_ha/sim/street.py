"""
The network of the users, as far as the daemons look at it: who answers for a service address.

A daemon of ours asks there before it takes an address (L{twisted_ha.agents.address}), so that a broken
cable between the nodes does not double an address while their users reach both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted_ha.agents.address import parseAddress
from twisted_ha.config.model import Resource
from twisted_ha.errors import AgentError
from twisted_ha.sim.observed import Condition
from twisted_ha.terms import NodeName

if TYPE_CHECKING:
    from twisted_ha.sim.world import World

__all__ = ["ADDRESS_AGENTS", "answeredFor", "streetOf"]

ADDRESS_AGENTS = ("IPaddr", "IPaddr2", "IPv6addr")
"""Whose start asks first."""


def streetOf(resource: Resource) -> str | None:
    """
    The interface that an address is for; L{None} for what is no address, or does not say.

    Where C{haresources} does not name the interface, nothing is known of the users' network, and the
    worst is assumed: that the nodes do not hear each other there.
    """
    if resource.agent not in ADDRESS_AGENTS:
        return None
    try:
        return parseAddress(resource).interface
    except AgentError:
        return None


def answeredFor(world: World, node: NodeName, resource: Resource) -> bool:
    """
    Whether C{node} hears another machine answer for an address.

    A kernel answers while its machine runs, whatever became of the daemon.  An interface that is no
    medium of C{ha.cf} is a network that no story can cut.
    """
    street = streetOf(resource) if world.setup.street else None
    if street is None:
        return False
    segment = world.network.segments.get(street)
    for name, machine in world.machines.items():
        has = machine.conditions.get(resource.token) in (Condition.RUNNING, Condition.STOPPING)
        if name == node or not has or not machine.powered or machine.frozen:
            continue
        if segment is None or not (segment.path(node, name).cut or segment.path(name, node).cut):
            return True
    return False
