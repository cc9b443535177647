"""
Frames of bytes to messages and back: heartbeat's two encodings, without clocks or sockets.

@see: wire-protocol.md sections 1 to 3.
"""

from __future__ import annotations

from twisted_ha.wire.codec import decode, encode
from twisted_ha.wire.message import Field, FieldType, Message
from twisted_ha.wire.signed import Encoding, SignedMessage

__all__ = ["Encoding", "Field", "FieldType", "Message", "SignedMessage", "decode", "encode"]
