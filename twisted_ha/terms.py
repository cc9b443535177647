"""
The words of the field as enums and small values.

What they mean is Linux-HA heartbeat's; where a word travels on the wire it is the enum's value.
"""

from __future__ import annotations

from enum import Enum, Flag
from typing import NamedTuple, NewType

from twisted_ha.frozen import dataclass

__all__ = [
    "FACILITIES",
    "FailbackMode",
    "Holdings",
    "LifeMark",
    "LinkStatus",
    "NodeName",
    "NodeStatus",
    "ResourceSet",
]

NodeName = NewType("NodeName", str)
"""A node's name, folded to lower case as heartbeat 3.0.6 does (configuration.md section 5)."""

FACILITIES = {
    **{
        name: number
        for number, name in enumerate(
            ("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron")
        )
    },
    "authpriv": 10,
    "ftp": 11,
    "security": 4,
    **{f"local{number}": 16 + number for number in range(8)},
}
"""The facilities of C{logfacility}, as numbered in RFC 3164."""


class LifeMark(NamedTuple):
    """
    How far a node was heard.

    @ivar generation: of its latest life that was heard.
    @ivar sequence: the highest number heard in that life.
    """

    generation: int
    sequence: int

    def covers(self, generation: int, sequence: int | None) -> bool:
        """
        Whether a message stands at this mark or before it, so that it is no news.

        @param generation: 0 for one that does not say: no old one if it has no number either.
        @param sequence: L{None} for the types without one, of which only the life can be told.
        """
        if sequence is None:
            return 0 < generation < self.generation
        return (generation, sequence) <= self


class NodeStatus(Enum):
    """
    What we think of a node.

    Status words a peer invents are kept as text beside this (L{twisted_ha.cluster.nodes.Node.word})
    and count as L{UP}: the node talks, but does not say it takes part.
    """

    INIT = "init"
    UP = "up"
    ACTIVE = "active"
    DEAD = "dead"
    PING = "ping"

    @classmethod
    def ofWord(cls, word: str) -> NodeStatus:
        """The status a word on the wire stands for; an unknown word is L{UP}."""
        try:
            return cls(word.lower())
        except ValueError:
            return cls.UP


class LinkStatus(Enum):
    """Whether one node is heard through one medium."""

    UP = "up"
    DEAD = "dead"


class FailbackMode(Enum):
    """C{auto_failback}: what happens to a node's own groups when it comes back."""

    ON = "on"
    OFF = "off"
    LEGACY = "legacy"

    @property
    def negotiated(self) -> bool:
        """Whether nodes report their holdings to each other (heartbeat: I{nice failback})."""
        return self is not FailbackMode.LEGACY


class ResourceSet(Flag):
    """
    Which classes of groups are meant, always from one node's point of view.

    I{Local} groups are those whose line in C{haresources} names the node, I{foreign} ones all others.
    """

    NONE = 0
    LOCAL = 1
    FOREIGN = 2
    ALL = 3

    @property
    def word(self) -> str:
        """The word on the wire: C{none}, C{local}, C{foreign} or C{all}."""
        return _WORDS[self]

    @property
    def mirrored(self) -> ResourceSet:
        """The same groups as the other node calls them: its local ones are our foreign ones."""
        return _MIRRORED[self]

    @classmethod
    def ofWord(cls, word: str) -> ResourceSet:
        """
        The set a word stands for.

        @raise KeyError: the word is not one of the four.
        """
        return _SETS[word]


_WORDS = {
    ResourceSet.NONE: "none",
    ResourceSet.LOCAL: "local",
    ResourceSet.FOREIGN: "foreign",
    ResourceSet.ALL: "all",
}
_SETS = {word: resources for resources, word in _WORDS.items()}
_MIRRORED = {
    ResourceSet.NONE: ResourceSet.NONE,
    ResourceSet.LOCAL: ResourceSet.FOREIGN,
    ResourceSet.FOREIGN: ResourceSet.LOCAL,
    ResourceSet.ALL: ResourceSet.ALL,
}


@dataclass(frozen=True, slots=True)
class Holdings:
    """
    What a node says it holds, from its own point of view.

    @ivar resources: the classes it claims.
    @ivar stable: it has taken all it means to take and will not take more unless something happens.
    """

    resources: ResourceSet
    stable: bool
