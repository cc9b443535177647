"""The nights an operator asks about first, by name, told of his own nodes and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twisted_ha.config.model import SerialMedium
from twisted_ha.config.nearby import didYouMean
from twisted_ha.errors import HeartbeatError
from twisted_ha.sim.scenario import linkNames
from twisted_ha.sim.setup import Setup

__all__ = ["STORIES", "NamedStory", "NoSuchStory", "cast", "storyNamed"]


class NoSuchStory(HeartbeatError):
    """There is no story of that name, or these files have no part for somebody in it."""


@dataclass(frozen=True, slots=True)
class NamedStory:
    """
    One night.

    @ivar name: as on the command line.
    @ivar summary: what happens, in a few words.
    @ivar script: the deeds; names in braces are parts, given by L{cast}.
    """

    name: str
    summary: str
    script: str

    def tell(self, setup: Setup) -> str:
        """
        The script for a cluster.

        @raise NoSuchStory: the cluster has nobody or nothing to play a part in it.
        """
        parts = cast(setup)
        try:
            return self.script.format_map(parts)
        except KeyError as missing:
            what = _NOBODY[str(missing.args[0])]
            raise NoSuchStory(f"the story {self.name} cannot be told of these files: {what}") from None


STORIES: tuple[NamedStory, ...] = (
    NamedStory("cold-start", "both nodes are switched on together", ""),
    NamedStory(
        "power-loss",
        "the active node loses its power, and has it again later",
        "at {begin} power off {active}; after {long} power on {active}",
    ),
    NamedStory(
        "passive-loss",
        "the other node loses its power, and has it again later",
        "at {begin} power off {other}; after {long} power on {other}",
    ),
    NamedStory(
        "quick-reboot",
        "the active node reboots faster than deadtime",
        "at {begin} reboot {active} in {half}",
    ),
    NamedStory(
        "daemon-killed",
        "the daemon of the active node is killed, and started again later",
        "at {begin} kill {active}; after {long} start {active}",
    ),
    NamedStory(
        "daemon-stopped",
        "the daemon of the active node is stopped in order, and started again later",
        "at {begin} stop {active}; after {long} start {active}",
    ),
    NamedStory(
        "standby",
        "an operator gives everything to the other node, and takes back what is at home here",
        "at {begin} standby all on {active}; after 30s takeover local on {active}",
    ),
    NamedStory(
        "one-link",
        "one of several links is cut, and mended later",
        "at {begin} cut {link}; after {long} mend {link}{secondLink}",
    ),
    NamedStory(
        "partition",
        "every link between the nodes is cut, and mended later",
        "at {begin} cut all; after {long} mend all",
    ),
    NamedStory(
        "one-way",
        "for a while nothing comes from the active node to the other",
        "at {begin} cut all from {active} to {other}; after {long} mend all from {active} to {other}",
    ),
    NamedStory(
        "packet-loss",
        "every link loses 30% of all packets, in bursts of 3, for five minutes",
        "{storm}; {calm}",
    ),
    NamedStory(
        "short-stall",
        "the active daemon does not run for a while, but for less than deadtime",
        "at {begin} pause {active} for {brief}",
    ),
    NamedStory(
        "long-stall",
        "the active daemon does not run for longer than deadtime",
        "at {begin} pause {active} for {stall}",
    ),
    NamedStory(
        "frozen-machine",
        "the whole active machine stands still for longer than deadtime",
        "at {begin} freeze {active} for {stall}",
    ),
    NamedStory(
        "start-fails",
        "a service will not start on the other node when that should take over",
        "at {before} fail start of {service} on {other}; at {begin} standby all on {active}",
    ),
    NamedStory(
        "stop-fails",
        "a service will not stop on the active node when that should give it away, and later will",
        "at {before} fail stop of {service} on {active}; at {begin} standby all on {active};"
        " after {long} mend stop of {service} on {active}",
    ),
    NamedStory(
        "fencing-fails",
        "the active node loses its power, and the power switch does not answer for a while",
        "at {before} break fencing; at {begin} power off {active}; after {long} mend fencing{fencing}",
    ),
    NamedStory(
        "clock-jump",
        "somebody sets the clock of the active node an hour forward, then two back",
        "at {begin} set clock of {active} by +3600s; after 30s set clock of {active} by -7200s",
    ),
)

_NOBODY = {
    "other": "they name one node only",
    "link": "they name no link",
    "secondLink": "there is only one link",
    "storm": "they name no link",
    "service": "there is no group whose home is a node",
    "fencing": "they name no fencing device",
}


def storyNamed(name: str) -> NamedStory:
    """
    Look one up.

    @raise NoSuchStory: there is none.
    """
    for one in STORIES:
        if one.name == name:
            return one
    names = [one.name for one in STORIES]
    guess = didYouMean(name, names)
    raise NoSuchStory(f'there is no story "{name}"; {guess or "there are " + ", ".join(names)}')


def cast(setup: Setup) -> Mapping[str, str]:
    """
    Who plays what, by the part's name; a part that nobody can play is missing.

    C{active} is the home of the first group, C{service} the last resource of it, C{link} the first that
    is no serial cable.  C{begin} is when the cluster has long come to rest; C{long} is enough for a node
    to be declared dead and its groups to be taken.
    """
    config = setup.config
    deadtime, keepalive = config.timers.deadtime, config.timers.keepalive
    group = next((one for one in config.groups if one.node in config.nodes), None)
    active = config.nodes[0] if group is None else group.node
    starts = sum(spent for (_, verb), spent in setup.timings.items() if verb == "start")
    begin = round(max(10.0, 4 * keepalive) + starts)
    parts = {
        "active": str(active),
        "before": f"{begin - 1}s",
        "begin": f"{begin}s",
        "long": f"{round(2 * deadtime + keepalive + starts + 5)}s",
        "half": f"{deadtime / 2:g}s",
        "brief": f"{0.9 * (deadtime - keepalive):.2f}s",
        "stall": f"{1.5 * deadtime:g}s",
    }
    other = next((str(node) for node in config.nodes if node != active), None)
    if other is not None:
        parts["other"] = other
    if group is not None:
        parts["service"] = group.resources[-1].token
    if config.fencing is not None:
        parts["fencing"] = ""
    serial = {one.device for one in config.media if isinstance(one, SerialMedium)}
    links = [link for link in linkNames(setup) if link not in config.pingNodes]
    if links:
        parts["link"] = next((link for link in links if link not in serial), links[0])
        parts["storm"] = "; ".join(f"at {begin}s lose 30% on {link} in bursts of 3" for link in links)
        parts["calm"] = "; ".join(f"at {begin + 300}s calm {link}" for link in links)
    if len(links) > 1:
        parts["secondLink"] = ""
    return parts
