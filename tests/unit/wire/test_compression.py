"""Tests of L{twisted_ha.wire.compression}."""

from __future__ import annotations

import bz2
import tracemalloc
import zlib

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.wire import vectors
from twisted_ha.errors import WireError
from twisted_ha.wire import Field, FieldType, Message, decode
from twisted_ha.wire.compression import ALGORITHM, PAYLOAD, expand
from twisted_ha.wire.grammar import MAX_EXPANDED


def envelope(payload: bytes, algorithm: str | None = "zlib") -> Message:
    """A message that holds C{payload}."""
    fields = [Field(PAYLOAD, payload, FieldType.BINARY)]
    if algorithm is not None:
        fields.append(Field(ALGORITHM, algorithm))
    return Message(fields)


class ExpandTests(SynchronousTestCase):
    """Envelopes opened."""

    def refused(self, message: Message) -> None:
        """Assert that C{message} cannot be opened."""
        self.assertRaises(WireError, expand, message)

    def test_captured(self) -> None:
        """The envelopes a real node sent hold the messages described."""
        for vector in vectors.load("compressed")["vectors"]:
            described = vectors.fieldsOf(vector["payload"]["fields"])
            inner = expand(decode(bytes.fromhex(vector["hex"])).message)
            self.assertEqual(
                tuple(field for field in described if field.name != "auth"), inner.fields, vector["id"]
            )

    def test_plain(self) -> None:
        """A message that is no envelope is returned as it is."""
        message = Message.of("status", st="up")
        self.assertIs(message, expand(message))

    def test_bothEncodings(self) -> None:
        """The payload is classic text with its NUL, or a netstring without authentication."""
        for payload in (b">>>\nt=x\n<<<\n\0", b"###\n6:(0)t=x,%%%\n"):
            self.assertEqual(Message.of("x"), expand(envelope(zlib.compress(payload))))
            self.assertEqual(Message.of("x"), expand(envelope(bz2.compress(payload), "bz2")))

    def test_damaged(self) -> None:
        """Damaged, cut and unknown data are refused."""
        good = zlib.compress(b">>>\nt=x\n<<<\n\0")
        self.refused(envelope(b""))
        self.refused(envelope(b"junk"))
        self.refused(envelope(b"junk", "bz2"))
        self.refused(envelope(good[:-1]))
        self.refused(envelope(good, "bz2"))
        self.refused(envelope(good, "lzma"))
        self.refused(envelope(good, None))
        self.refused(envelope(zlib.compress(b"no message")))

    def test_twice(self) -> None:
        """An envelope within an envelope is refused."""
        inner = b">>>\n(1)_compressed_payload=eA==\n<<<\n\0"
        self.refused(envelope(zlib.compress(inner)))

    def test_largest(self) -> None:
        """The whole allowance can be used, and not a byte more."""
        text = b">>>\nt=" + b"x" * (MAX_EXPANDED - 11) + b"\n<<<\n"
        self.assertEqual(1, len(expand(envelope(zlib.compress(text))).fields))
        self.refused(envelope(zlib.compress(text + b"\0")))

    def test_bombs(self) -> None:
        """What would become very large is refused before it has taken the memory."""
        size = 24 * MAX_EXPANDED
        bombs = [(zlib.compress(bytes(size)), "zlib"), (bz2.compress(bytes(size)), "bz2")]
        for bomb, algorithm in bombs:
            message = envelope(bomb, algorithm)
            tracemalloc.start()
            self.refused(message)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            self.assertLess(peak, 6 * MAX_EXPANDED, algorithm)
