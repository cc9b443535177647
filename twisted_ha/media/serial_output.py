"""
What waits to be sent on a serial line.

A line is slow: at 19200 baud a heartbeat takes a tenth of a second.  What the line cannot carry must
not wait for ever in memory, and an old heartbeat is worth nothing once there is a newer one.
"""

from __future__ import annotations

import re
from collections import deque

__all__ = ["OutputQueue"]

_FIELD = re.compile(rb"\n(t|src|hg|seq)=(.*)")
"""Behind its start marker every field is a line; a pattern that begins with a byte is found fastest."""
_RESYNC = b"\n<<<\n"
_LEAST_LIMIT = 4096
_SECONDS_OF_QUEUE = 4
_BITS_PER_BYTE = 10


class OutputQueue:
    """
    Frames in the order in which the line should carry them: the newest status of each node, then
    messages, then what was sent before and is asked for again.

    Bounded: the oldest retransmissions go first, then the oldest messages, never the newest status.
    """

    def __init__(self, limit: int) -> None:
        """
        @param limit: how many bytes may wait.
        @ivar dropped: how many frames were, so far.
        @ivar _beating: whose status is being sent, if it is one.
        """
        self._limit = limit
        self._statuses: dict[bytes, bytes] = {}
        self._messages: deque[bytes] = deque()
        self._resent: deque[bytes] = deque()
        self._newest: dict[bytes, tuple[int, int]] = {}
        self._current = b""
        self._offset = 0
        self._beating: bytes | None = None
        self._torn = False
        self.dropped = 0

    @classmethod
    def forLine(cls, baud: int) -> OutputQueue:
        """A queue that holds what a line of that speed can carry in some seconds."""
        return cls(max(_LEAST_LIMIT, baud // _BITS_PER_BYTE * _SECONDS_OF_QUEUE))

    def __len__(self) -> int:
        """How many bytes wait, the rest of the frame being sent included."""
        waiting = len(self._current) - self._offset
        for lane in (self._statuses.values(), self._messages, self._resent):
            waiting += sum(map(len, lane))
        return waiting

    def push(self, frame: bytes) -> None:
        """Let C{frame} wait; the same frame waits once only."""
        if frame in self._messages or frame in self._resent or frame in self._statuses.values():
            return
        fields = _fieldsOf(frame)
        origin = fields.get(b"src", b"")
        position = _positionOf(fields)
        if position is not None and position <= self._newest.get(origin, (-1, -1)):
            self._resent.append(frame)
        else:
            if position is not None:
                self._newest[origin] = position
            if fields.get(b"t") == b"status":
                self._replaceStatus(origin, frame)
            else:
                self._messages.append(frame)
        self._trim()

    def piece(self, size: int) -> bytes:
        """The next C{size} bytes at most, of one frame; empty if nothing waits."""
        if not self._current:
            self._current = self._next()
            self._offset = 0
        return self._current[self._offset : self._offset + size]

    def advance(self, count: int) -> None:
        """C{count} bytes of the last piece have left."""
        self._offset += count
        if self._offset >= len(self._current):
            self._current = b""
            self._offset = 0

    def abandon(self) -> None:
        """
        The line does not move, or was away.  Drop everything but the newest statuses.

        A frame may have left in part.  So the next one begins with an end marker of its own: without it
        the other side would take both for one message and lose the second as well.
        """
        self.dropped += bool(self._current) + len(self._messages) + len(self._resent)
        self._messages.clear()
        self._resent.clear()
        if self._current and self._beating is not None and self._beating not in self._statuses:
            self._statuses[self._beating] = self._current.removeprefix(_RESYNC)
            self.dropped -= 1
        self._current = b""
        self._offset = 0
        self._torn = True

    def _next(self) -> bytes:
        frame = self._take()
        if frame and self._torn:
            self._torn = False
            return _RESYNC + frame
        return frame

    def _take(self) -> bytes:
        self._beating = next(iter(self._statuses), None)
        if self._beating is not None:
            return self._statuses.pop(self._beating)
        if self._messages:
            return self._messages.popleft()
        if self._resent:
            return self._resent.popleft()
        return b""

    def _replaceStatus(self, origin: bytes, frame: bytes) -> None:
        if self._statuses.pop(origin, None) is not None:
            self.dropped += 1
        self._statuses[origin] = frame

    def _trim(self) -> None:
        while len(self) > self._limit:
            if self._resent:
                lane = self._resent
            elif len(self._messages) > 1:
                lane = self._messages
            else:
                return
            lane.popleft()
            self.dropped += 1


def _fieldsOf(frame: bytes) -> dict[bytes, bytes]:
    """The fields that tell what a frame in classic text is; the first of each name."""
    found: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(frame):
        found.setdefault(name, value)
    return found


def _positionOf(fields: dict[bytes, bytes]) -> tuple[int, int] | None:
    """Generation and sequence; both are hexadecimal."""
    try:
        return int(fields.get(b"hg", b"0"), 16), int(fields[b"seq"], 16)
    except (KeyError, ValueError):
        return None
