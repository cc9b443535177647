"""
Messages out of a stream of bytes: a serial line.

Lines are skipped until one begins or ends with C{>>>}; then everything belongs to the message until a
line begins with C{<<<}.  So garbage between messages costs nothing.

A message that was damaged costs nothing but itself, which heartbeat does not manage: there one that has
lost its end swallows the next, and so one bad byte is two missing statuses.  A line that ends with
C{>>>} inside a message may be the beginning of the next one behind such a loss, or a value that happens
to end so.  Both readings are handed on, and their authentication tells which is true.

@see: wire-protocol.md section 8.5.
"""

from __future__ import annotations

from twisted_ha.wire.grammar import MAX_FRAME

__all__ = ["Framer"]

_START = b">>>"
_END = b"<<<"


class Framer:
    """
    One reader of one line.

    @ivar skipped: how many bytes belonged to no frame so far.  What is still being collected does not
        count yet.
    @ivar dropped: how many messages were given up because they grew too long.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        """@param limit: the longest frame, in bytes; no more than about twice that is ever kept."""
        self.skipped = 0
        self.dropped = 0
        self._limit = limit
        self._line = bytearray()
        self._message = bytearray()
        self._again = 0
        """Where in the message another one may begin, and no later one does; 0 for nowhere."""
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """
        Take the next bytes, in pieces of any size.

        @return: the frames they complete, markers included, in order.  What is in them is for
            L{twisted_ha.wire.decode} to judge.  Behind one with a second beginning stands once more what
            begins there.
        """
        frames: list[bytes] = []
        # Terminals are told to drop carriage returns (IGNCR); whatever else stands in for one is not.
        data = data.replace(b"\r", b"")
        if not (self._line or self._message or self._overlong):
            data = self._takeWhole(data, frames)
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._extend(piece)
            self._endLine(frames)
        self._extend(rest)
        return frames

    def _takeWhole(self, data: bytes, frames: list[bytes]) -> bytes:
        """
        Frames that stand whole at the beginning, where a line begins: they need not be looked at line by
        line, unless there is a second beginning in them.

        @return: what is behind them.
        """
        while data.startswith(b">>>"):
            last = data.find(b"\n<<<")
            end = data.find(b"\n", last + 4) + 1 if last > 0 else 0
            if not 0 < end <= self._limit or data.find(b">>>\n", 1, end) > 0:
                break
            frames.append(data[:end])
            data = data[end:]
        return data

    def reset(self) -> None:
        """Forget what was begun: the line was closed, and what comes next is another stream."""
        self.skipped += len(self._line) + len(self._message)
        self._line.clear()
        self._message.clear()
        self._again = 0
        self._overlong = False

    def _extend(self, piece: bytes) -> None:
        """Go on with the present line; give up on it, and on the message it is in, if too long."""
        if self._overlong:
            self.skipped += len(piece)
            return
        self._line += piece
        if len(self._message) + len(self._line) > self._limit:
            self._giveUp()
            self.skipped += len(self._line)
            self._line.clear()
            self._overlong = True

    def _endLine(self, frames: list[bytes]) -> None:
        """The present line has got its newline."""
        line = self._line
        if self._overlong:
            self.skipped += 1
            self._overlong = False
            return
        begins = line.endswith(_START)
        if not self._message and begins:
            self.skipped += len(line) - len(_START)
            del line[: -len(_START)]
        elif not self._message and not line.startswith(_START):
            self.skipped += len(line) + 1
            line.clear()
            return
        elif begins:
            self._again = len(self._message) + len(line) - len(_START)
        last = line.startswith(_END)
        self._message += line
        self._message += b"\n"
        line.clear()
        if len(self._message) > self._limit:
            self._giveUp()
        elif last:
            self._complete(frames, begins)

    def _complete(self, frames: list[bytes], begins: bool) -> None:
        """@param begins: the end marker has lost its newline, and the next beginning is on its line."""
        again = self._message[self._again :] if self._again else bytearray()
        if begins:
            del self._message[self._again :]
        frames.append(bytes(self._message))
        if again and not begins:
            frames.append(bytes(again))
        self._message = again if begins else bytearray()
        self._again = 0

    def _giveUp(self) -> None:
        if self._message:
            self.dropped += 1
            self.skipped += len(self._message)
            self._message.clear()
            self._again = 0
