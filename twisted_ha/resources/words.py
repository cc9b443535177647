"""What the two nodes of a planned move say to each other, read and written."""

from __future__ import annotations

from twisted_ha.cluster.header import Header
from twisted_ha.frozen import dataclass
from twisted_ha.terms import ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["MOVE", "REFUSED", "WISH", "MoveWord", "refusal"]

MOVE = "ask_resources"
"""The type of the messages of a move; their order is in L{twisted_ha.resources.standby}."""

REFUSED = "tha_refused"
"""The type of our own message that says no to C{ask_resources me}; the original stays silent."""

WISH = "tha_wish"
"""
The field that says which move a word belongs to: the giver numbers its wishes, and everything either
side says about one repeats the number.  Words of two moves may cross.  The original has no such field.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveWord:
    """
    One C{ask_resources}.

    @ivar step: C{me}, C{other} or C{done}; any other word means nothing.
    @ivar resources: what the move is about, in the giver's words.
    @ivar wish: which move it is; L{None} from an original.
    @ivar failed: the groups that the sender could not start, for people; L{None} if there are none.
    @ivar state: with C{done}, how far the sender is: the value of a
        L{Move<twisted_ha.resources.standby.Move>}; L{None} from an original.
    @ivar sequence: the number of the message; 0 in one that is not sent yet.
    """

    step: str
    resources: ResourceSet
    wish: str | None = None
    failed: str | None = None
    state: str | None = None
    sequence: int = 0

    @classmethod
    def of(cls, header: Header, message: Message) -> MoveWord | None:
        """Read one; L{None} if it is about no class of groups that there is."""
        try:
            resources = ResourceSet.ofWord(message.get("rsc_hold") or "all")
        except KeyError:
            return None
        return cls(
            step=message.get("info") or "",
            resources=resources,
            wish=message.get(WISH),
            failed=message.get("tha_failed"),
            state=message.get("tha_step"),
            sequence=header.sequence or 0,
        )

    @property
    def message(self) -> Message:
        """As it is sent."""
        return Message.of(
            MOVE,
            rsc_hold=self.resources.word,
            info=self.step,
            tha_wish=self.wish,
            tha_failed=self.failed,
            tha_step=self.state,
        )


def refusal(reason: str, wish: str | None = None) -> Message:
    """
    A no; only a node of our kind understands it.

    @param wish: of the other node, which is refused; L{None} if it is its request for groups.
    """
    return Message.of(REFUSED, reason=reason, tha_wish=wish)
