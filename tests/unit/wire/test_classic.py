"""Tests of L{twisted_ha.wire.classic}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.errors import WireError
from twisted_ha.wire import Encoding, Field, FieldType, Message, decode, encode
from twisted_ha.wire.grammar import MAX_DEPTH, MAX_FIELDS, MAX_FRAME


def written(message: Message, datagram: bool = False) -> bytes:
    """C{message} as classic text with a digest of C{d}."""
    return encode(message, Encoding.CLASSIC, lambda covered: "1 d", datagram=datagram)


def nested(depth: int) -> Message:
    """A message with C{depth} messages inside one another."""
    message = Message.of("innermost")
    for _ in range(depth):
        message = Message([Field("t", "outer"), Field("child", message, FieldType.STRUCT)])
    return message


class DecodeTests(SynchronousTestCase):
    """Classic text in."""

    def fieldsOf(self, lines: bytes) -> tuple[Field, ...]:
        """The fields of a message with these lines."""
        return decode(b">>>\n" + lines + b"<<<\n").message.fields

    def refused(self, frame: bytes) -> WireError:
        """The error that C{frame} is refused with."""
        error: WireError = self.assertRaises(WireError, decode, frame)
        return error

    def test_covered(self) -> None:
        """The digest is over the field lines without auth, and not over the markers."""
        signed = decode(b">>>\nt=x\na=b\nauth=3 d1\n<<<\n\0")
        self.assertEqual((b"t=x\na=b\n", 3, "d1"), (signed.covered, signed.key, signed.digest))

    def test_authIsNoField(self) -> None:
        """The message does not contain its authentication."""
        self.assertEqual((Field("t", "x"),), self.fieldsOf(b"t=x\nauth=3 d1\n"))

    def test_authAnywhere(self) -> None:
        """Authentication first, empty lines: neither is covered."""
        signed = decode(b">>>\nauth=3 d1\n\nt=x\n\na=b\n<<<\n")
        self.assertEqual((b"t=x\na=b\n", 3), (signed.covered, signed.key))

    def test_severalAuths(self) -> None:
        """The last auth counts and none is covered."""
        signed = decode(b">>>\nauth=3 d1\nt=x\nauth=4 d2\n<<<\n")
        self.assertEqual((b"t=x\n", 4, "d2"), (signed.covered, signed.key, signed.digest))

    def test_emptyLineAndAuthLast(self) -> None:
        """An empty line is not covered where auth stands last either."""
        self.assertEqual(b"t=x\na=b\n", decode(b">>>\nt=x\n\na=b\nauth=1 d\n<<<\n").covered)

    def test_typedAuth(self) -> None:
        """A binary auth is not covered, and cannot be read as one."""
        signed = decode(b">>>\nt=x\nauth=1 d\n(1)auth=MSBk\n<<<\n")
        self.assertEqual((b"t=x\n", None), (signed.covered, signed.key))

    def test_namesLikeAuth(self) -> None:
        """Only the whole name C{auth} is left out."""
        lines = b"author=me\n(1)authx=\nxauth=1\n"
        signed = decode(b">>>\n\n" + lines + b"auth=1 d\n<<<\n")
        self.assertEqual(lines, signed.covered)

    def test_withoutAuth(self) -> None:
        """A message nobody signed decodes, and names no key."""
        signed = decode(b">>>\nt=x\n<<<\n")
        self.assertEqual((None, "", b"t=x\n"), (signed.key, signed.digest, signed.covered))

    def test_unreadableAuth(self) -> None:
        """No digest, no number, a negative number: no key."""
        claims = (b"", b"1", b"x d", b"-1 d", b"1d", b"99999999999 d")
        frames = [b">>>\nt=x\nauth=" + claim + b"\n<<<\n" for claim in claims]
        self.assertEqual([None] * len(claims), [decode(frame).key for frame in frames])

    def test_nulEnds(self) -> None:
        """Nothing behind the first NUL is looked at."""
        self.assertEqual((Field("t", "x"),), decode(b">>>\nt=x\n<<<\n\0>>>\nt=y\n<<<\n").message.fields)
        self.refused(b">>>\nt=x\n\0<<<\n")
        self.refused(b">>>\nt=x\0\n<<<\n")

    def test_endMarker(self) -> None:
        """The end marker is a whole line: C{<<<} in a value or with more behind it is none."""
        self.assertEqual((Field("a", "<<<"), Field("<<<b", "c")), self.fieldsOf(b"a=<<<\n<<<b=c\n"))
        self.refused(b">>>\nt=x\n<<<")
        self.refused(b">>>\nt=x\n")
        self.refused(b">>>\nt=x\n<<<x\n")

    def test_carriageReturns(self) -> None:
        """Lines that end in CR LF are no lines."""
        self.refused(b">>>\r\nt=x\r\n<<<\r\n")

    def test_empty(self) -> None:
        """A message without fields is a message; authentication will refuse it."""
        self.assertEqual((), self.fieldsOf(b""))

    def test_values(self) -> None:
        """A value may be empty, hold C{=}, and 0x13 for a newline."""
        self.assertEqual(
            (Field("e", ""), Field("q", "a=b"), Field("info", "one\ntwo")),
            self.fieldsOf(b"e=\nq=a=b\ninfo=one\x13two\n"),
        )

    def test_anyBytesSurvive(self) -> None:
        """Bytes that are no UTF-8 come out as they went in, and are covered."""
        body = b"t=x\n" + b"a=" + bytes(code for code in range(1, 256) if code not in (10, 19)) + b"\n"
        signed = decode(b">>>\n" + body + b"auth=1 d\n<<<\n")
        self.assertEqual(body, signed.covered)
        self.assertEqual(b">>>\n" + body + b"auth=1 d\n<<<\n", written(signed.message))

    def test_badLines(self) -> None:
        """What is no field refuses the message."""
        lines = (
            b"no separator\n",
            b"=no name\n",
            b"(0)t=x\n",
            b"(5)t=eA==\n",
            b"(9)t=x\n",
            b"(1t=x\n",
            b"(11)t=x\n",
            b"()t=x\n",
            b"(1)=eA==\n",
            b"(\n",
            b"(1)x\n",
            b"a\tb=c\n",
            b"a" * 256 + b"=c\n",
            b">>>\n",
        )
        for line in lines:
            self.refused(b">>>\n" + line + b"<<<\n")

    def test_badBase64(self) -> None:
        """Only the standard alphabet with its padding is binary."""
        for value in (b"*AAA", b"AAA", b"A===", b"AA==AA==", b"AA AA=", b"\xff\xff\xff\xff", b"_-8="):
            self.refused(b">>>\n(1)b=" + value + b"\n<<<\n")

    def test_lists(self) -> None:
        """A list is read by the lengths of its items."""
        self.assertEqual(
            (Field("l", ("a", "", "b,c"), FieldType.LIST),), self.fieldsOf(b"(3)l=1:a,0:,3:b,c,\n")
        )
        self.assertEqual((Field("l", (), FieldType.LIST),), self.fieldsOf(b"(3)l=\n"))
        for value in (b"1:a", b"2:a,", b"1:ab,", b"x", b"01:a,", b"-1:,", b":a,", b"99999999:a,"):
            self.refused(b">>>\n(3)l=" + value + b"\n<<<\n")

    def test_listLengthsAreBytes(self) -> None:
        """The length of a list item counts bytes, not characters."""
        self.assertEqual(("\u00e9",), self.fieldsOf(b"(3)l=2:\xc3\xa9,\n")[0].value)

    def test_nestedWithoutMarkers(self) -> None:
        """A nested message needs its own markers, with nothing behind them."""
        for value in (
            b"",
            b">>>\x14",
            b">>>\x14<<<",
            b"<<<\x14",
            b">>>\x14a=b\x14<<<\x14c",
            b">>>\x15<<<\x15",
        ):
            self.refused(b">>>\n(2)m=" + value + b"\n<<<\n")

    def test_nestedAuth(self) -> None:
        """An auth field in a nested message is a field like any other."""
        (field,) = self.fieldsOf(b"(2)m=>>>\x14auth=x\x14<<<\x14\n")
        self.assertEqual(Message([Field("auth", "x")]), field.value)

    def test_offset(self) -> None:
        """An error says at which byte the line in question begins."""
        self.assertEqual(8, self.refused(b">>>\nt=x\nbad\na=b\n<<<\n").offset)
        self.assertEqual(9, self.refused(b">>>\nt=\xc3\xa9\nbad\na=b\n<<<\n").offset)

    def test_offsetWithin(self) -> None:
        """An error in a nested message or a list says where it is there."""
        frame = b">>>\nt=x\n(2)m=>>>\x14a=b\x14bad\x14<<<\x14\n<<<\n"
        self.assertEqual(frame.index(b"bad"), self.refused(frame).offset)
        frame = b">>>\nt=x\n(3)l=1:a,9:b,\n<<<\n"
        self.assertEqual(frame.index(b"9:b"), self.refused(frame).offset)
        frame = b">>>\n" + b"(3)l=0:,\n" * (MAX_FIELDS - 1) + b"<<<\n"
        self.assertEqual(18, self.refused(frame).offset)

    def test_errorsShowNoBytes(self) -> None:
        """An error does not repeat what a stranger sent."""
        self.assertNotIn("sEcReT", str(self.refused(b">>>\nsEcReT\n<<<\n")))

    def test_tooManyFields(self) -> None:
        """More fields than any message has are refused, also when they hide in nested messages."""
        self.assertEqual(MAX_FIELDS, len(self.fieldsOf(b"a=b\n" * MAX_FIELDS)))
        self.refused(b">>>\n" + b"\n" * (MAX_FIELDS + 1) + b"<<<\n")
        self.refused(b">>>\n" + b"a=b\n" * (MAX_FIELDS + 1) + b"<<<\n")
        self.refused(b">>>\n" + b"(2)a=>>>\x14b=\x14<<<\x14\n" * MAX_FIELDS + b"<<<\n")
        self.refused(b">>>\n(3)l=" + b"0:," * MAX_FIELDS + b"\n<<<\n")

    def test_tooLong(self) -> None:
        """The longest frame is read; one byte more is not."""
        frame = b">>>\nt=" + b"x" * (MAX_FRAME - 11) + b"\n<<<\n"
        self.assertEqual(1, len(decode(frame).message.fields))
        self.refused(frame + b"\0")

    def test_tooDeep(self) -> None:
        """Messages nest as deep as there are newline bytes, and no deeper."""
        text = written(nested(MAX_DEPTH))
        self.assertEqual(nested(MAX_DEPTH), decode(text).message)
        self.refused(text.replace(b"t=innermost", b"(2)m=deeper"))


class EncodeTests(SynchronousTestCase):
    """Classic text out."""

    def test_datagram(self) -> None:
        """A datagram ends in NUL, a message for a serial line does not."""
        self.assertEqual(b">>>\nt=x\nauth=1 d\n<<<\n\0", written(Message.of("x"), datagram=True))
        self.assertEqual(b">>>\nt=x\nauth=1 d\n<<<\n", written(Message.of("x")))

    def test_signsCoveredBytes(self) -> None:
        """The signer is given what the receiver will check."""
        given: list[bytes] = []

        def sign(covered: bytes) -> str:
            given.append(covered)
            return "1 d"

        frame = encode(Message.of("x", srcuuid=b"\0\xff", auth="9 old"), Encoding.CLASSIC, sign)
        self.assertEqual([b"t=x\n(1)srcuuid=AP8=\n"], given)
        self.assertEqual(given[0], decode(frame).covered)

    def test_status(self) -> None:
        """Every status is written from its own fields, also where it begins like one before."""
        for word in ("up", "active", "up", "a\nb"):
            for number in ("1", "2"):
                for before in ({}, {"dt": "2710"}, {"dt": "2711"}):
                    fields = {"st": word, **before, "src": "alpha", "seq": number, "ld": word}
                    lines = "".join(f"{name}={value}\n" for name, value in fields.items())
                    text = lines.replace("a\nb", "a\x13b").encode()
                    wanted = b">>>\nt=status\n%bauth=1 d\n<<<\n" % text
                    self.assertEqual(wanted, written(Message.of("status", **fields)))

    def test_oddStatus(self) -> None:
        """One without number, and one of many fields, is written, or refused, like any message."""
        self.assertEqual(b">>>\nt=status\nauth=1 d\n<<<\n", written(Message.of("status")))
        for count in (30, MAX_FIELDS):
            message = Message([Field("t", "status"), *[Field("seq", "1")] * count])
            if count < MAX_FIELDS:
                self.assertEqual(message, decode(written(message)).message)
            else:
                self.assertRaises(WireError, written, message)
        self.assertRaises(WireError, written, Message.of("status", st="\0", seq="1"))

    def test_oneAuth(self) -> None:
        """Authentication the message had before is not sent."""
        self.assertEqual(1, written(Message.of("x", auth="9 old")).count(b"auth="))

    def test_newline(self) -> None:
        """A newline in a value is sent as 0x13."""
        self.assertIn(b"info=one\x13two\n", written(Message.of("x", info="one\ntwo")))

    def refused(self, *fields: Field) -> None:
        """Assert that a message of these fields is not sent."""
        self.assertRaises(WireError, written, Message(fields))

    def test_impossibleText(self) -> None:
        """What a receiver would read differently is not sent."""
        self.refused(Field("a", "x\0y"))
        self.refused(Field("a", "x\x13y"))
        self.refused(Field("a", "\ud800"))
        self.refused(Field("l", ("x\ny",), FieldType.LIST))
        self.refused(Field("l", ("x\0y",), FieldType.LIST))
        self.refused(Field("m", Message([Field("a", "x\x14y")]), FieldType.STRUCT))

    def test_impossibleNames(self) -> None:
        """A name that reads as something else is not sent."""
        for name in ("", "a=b", "(1)a", "a\nb", "a\0b", "a\x14b", "x" * 256):
            self.refused(Field(name, "x"))

    def test_impossibleType(self) -> None:
        """A field waiting for compression has no classic form."""
        self.refused(Field("m", b"", FieldType.UNCOMPRESSED))

    def test_tooDeep(self) -> None:
        """What nobody could read is not written."""
        self.assertRaises(WireError, written, nested(MAX_DEPTH + 1))

    def test_tooLong(self) -> None:
        """Nor what is longer than a receiver's buffer."""
        self.refused(Field("a", "x" * MAX_FRAME))

    def test_tooManyFields(self) -> None:
        """Nor more fields than we would read ourselves."""
        self.refused(*[Field("a", "")] * MAX_FIELDS)

    def test_wrongType(self) -> None:
        """A value that is not of its field's type is a mistake in the program."""
        for kind in (FieldType.BINARY, FieldType.STRUCT, FieldType.LIST):
            self.assertRaises(TypeError, written, Message([Field("a", "x", kind)]))
        self.assertRaises(TypeError, written, Message([Field("a", b"x")]))
