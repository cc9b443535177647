"""Tests of L{twisted_ha.wire.netstring}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.wire.test_classic import nested
from twisted_ha.errors import WireError
from twisted_ha.wire import Encoding, Field, FieldType, Message, decode, encode
from twisted_ha.wire.grammar import MAX_DEPTH, MAX_FIELDS, MAX_FRAME


def written(message: Message, innerAuth: bool = False) -> bytes:
    """C{message} as a netstring with a digest of C{d}."""
    return encode(message, Encoding.NETSTRING, lambda covered: "1 d", innerAuth=innerAuth)


def item(content: bytes) -> bytes:
    """C{content} with its length in front."""
    return b"%d:%b," % (len(content), content)


class DecodeTests(SynchronousTestCase):
    """Netstrings in."""

    def refused(self, frame: bytes) -> WireError:
        """The error that C{frame} is refused with."""
        error: WireError = self.assertRaises(WireError, decode, frame)
        return error

    def test_covered(self) -> None:
        """The digest is over everything up to the end marker, as it came."""
        signed = decode(b"###\n6:(0)t=x,%%%\n4:2 d1,")
        self.assertEqual((b"###\n6:(0)t=x,%%%\n", 2, "d1"), (signed.covered, signed.key, signed.digest))

    def test_innerAuth(self) -> None:
        """The auth field inside is covered, is no field of the message, and counts for nothing."""
        frame = b"###\n6:(0)t=x,13:(0)auth=7 bad,%%%\n4:2 d1,"
        signed = decode(frame)
        self.assertEqual(
            (2, "7 bad", (Field("t", "x"),)), (signed.key, signed.inner, signed.message.fields)
        )
        self.assertIn(b"auth=7 bad", signed.covered)

    def test_rawValues(self) -> None:
        """A value may hold newlines, commas, colons and, if binary, NUL."""
        fields = decode(b"###\n13:(0)i=a\nb,c:d\x13,9:(1)u=\0\n,:,%%%\n").message.fields
        self.assertEqual((Field("i", "a\nb,c:d\x13"), Field("u", b"\0\n,:", FieldType.BINARY)), fields)

    def test_noClaim(self) -> None:
        """Missing, cut or unreadable authentication decodes, and names no key."""
        tails = (b"", b"\0", b"4:2 d1", b"9:2 d1,", b"2 d1", b"4:x d1,", b"-4:2 d1,", b"0:,")
        keys = [decode(b"###\n6:(0)t=x,%%%\n" + tail).key for tail in tails]
        self.assertEqual([None] * len(tails), keys)

    def test_trailingBytes(self) -> None:
        """Bytes behind the authentication do not matter."""
        self.assertEqual(2, decode(b"###\n6:(0)t=x,%%%\n4:2 d1,\0junk").key)

    def test_badFields(self) -> None:
        """What is no field refuses the message."""
        fields = (
            b"6:(0)t=x;",
            b"7:(0)t=x,",
            b"5:(0)t=x,",
            b"06:(0)t=x,",
            b"-6:(0)t=x,",
            b"99999:(0)t=x,",
            b"99999999999999999999:(0)t=x,",
            b"6:(6)t=x,",
            b"6:(x)t=x,",
            b"3:t=x,",
            b"5:(0)=x,",
            b"4:(0)t,",
            b"4:(0)t,6:(0)x=y,",
            b"7:(0)\nt=x,",
            b"9:(0)(1)t=x,",
            b"7:(0)t=\0x,",
            b"7:(3)l=\0x,",
            b"6:(3)l=x,",
            b"6:(2)m=x,",
            b"\n6:(0)t=x,",
        )
        for field in fields:
            self.refused(b"###\n" + field + b"%%%\n4:2 d1,")

    def test_cutAnywhere(self) -> None:
        """A frame cut short is refused, or names no key."""
        frame = written(Message([Field("t", "x"), Field("m", nested(2), FieldType.STRUCT)]))
        for length in range(len(frame)):
            try:
                self.assertIsNone(decode(frame[:length]).key)
            except WireError:
                continue

    def test_nested(self) -> None:
        """A nested message must fill its field."""
        self.refused(b"###\n" + item(b"(2)m=###\n6:(0)t=x,%%%\n ") + b"%%%\n")
        self.refused(b"###\n" + item(b"(2)m=###\n6:(0)t=x,") + b"%%%\n")

    def test_nestedReachesNoFurther(self) -> None:
        """A field inside cannot reach beyond the field it is in."""
        self.refused(b"###\n12:(2)m=###\n6:(0)t=x,%%%\n4:2 d1,")

    def test_opaque(self) -> None:
        """Compressed and uncompressed fields are carried as bytes."""
        fields = (
            Field("c", b"\0x", FieldType.COMPRESSED),
            Field("u", b"###\n", FieldType.UNCOMPRESSED),
        )
        self.assertEqual(fields, decode(written(Message(fields))).message.fields)

    def test_tooDeep(self) -> None:
        """Messages nest to the same depth as in classic text; deeper is refused, however deep."""
        self.assertEqual(nested(MAX_DEPTH), decode(written(nested(MAX_DEPTH))).message)
        body = b"###\n%%%\n"
        for _ in range(3000):
            body = b"###\n" + item(b"(2)m=" + body) + b"%%%\n"
        self.refused(body)

    def test_tooManyFields(self) -> None:
        """More fields than any message has are refused, also when they hide in nested messages."""
        self.assertEqual(
            MAX_FIELDS, len(decode(b"###\n" + b"5:(0)a=," * MAX_FIELDS + b"%%%\n").message.fields)
        )
        self.refused(b"###\n" + b"5:(0)a=," * (MAX_FIELDS + 1) + b"%%%\n")
        self.refused(b"###\n" + item(b"(2)a=###\n5:(0)a=,%%%\n") * MAX_FIELDS + b"%%%\n")

    def test_tooLong(self) -> None:
        """A frame longer than a receiver's buffer is refused before it is looked at."""
        self.refused(b"###\n6:(0)t=x,%%%\n4:2 d1," + b"\0" * MAX_FRAME)

    def test_offset(self) -> None:
        """An error says at which byte the field in question begins."""
        frame = b"###\n6:(0)t=x," + item(b"(2)m=###\n6:(0)a=b,bad%%%\n") + b"%%%\n"
        self.assertEqual(frame.index(b"bad"), self.refused(frame).offset)


class EncodeTests(SynchronousTestCase):
    """Netstrings out."""

    def test_outerOnly(self) -> None:
        """Authentication stands behind the end marker, without a NUL."""
        self.assertEqual(b"###\n6:(0)t=x,%%%\n3:1 d,", written(Message.of("x")))

    def test_innerAuth(self) -> None:
        """On demand the classic authentication of the same fields stands last among them."""
        given: list[bytes] = []

        def sign(covered: bytes) -> str:
            given.append(covered)
            return "1 d"

        frame = encode(Message.of("x", auth="9 old"), Encoding.NETSTRING, sign, innerAuth=True)
        self.assertEqual(b"###\n6:(0)t=x,11:(0)auth=1 d,%%%\n3:1 d,", frame)
        self.assertEqual([b"t=x\n", b"###\n6:(0)t=x,11:(0)auth=1 d,%%%\n"], given)

    def test_neverInnerAuthBesideNested(self) -> None:
        """A message with a nested or compressed field gets no inner authentication."""
        for field in (
            Field("m", Message(), FieldType.STRUCT),
            Field("m", b"", FieldType.COMPRESSED),
            Field("m", b"", FieldType.UNCOMPRESSED),
        ):
            self.assertNotIn(b"auth=", written(Message([field]), innerAuth=True))

    def test_lengthsAreBytes(self) -> None:
        """A length counts bytes, not characters."""
        self.assertIn(b"7:(0)t=\xc3\xa9,", written(Message.of("\u00e9")))

    def test_impossible(self) -> None:
        """What a receiver would read differently, or not at all, is not sent."""
        for message in (
            Message([Field("a", "x\0y")]),
            Message([Field("l", ("x\0y",), FieldType.LIST)]),
            Message([Field("a=b", "x")]),
            Message([Field("", "x")]),
            Message([Field("a", "x" * MAX_FRAME)]),
            Message([Field("a", "")] * MAX_FIELDS),
            nested(MAX_DEPTH + 1),
        ):
            self.assertRaises(WireError, written, message)

    def test_wrongType(self) -> None:
        """A value that is not of its field's type is a mistake in the program."""
        for field in (
            Field("a", b"x"),
            Field("a", "x", FieldType.BINARY),
            Field("a", b"", FieldType.LIST),
        ):
            self.assertRaises(TypeError, written, Message([field]))
