"""Tests of L{twisted_ha.wire.codec} on what real nodes sent."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.wire import vectors
from twisted_ha.errors import WireError
from twisted_ha.wire import Encoding, Field, Message, decode
from twisted_ha.wire.classic import _readHead
from twisted_ha.wire.codec import claim, decodeVouched, twin
from twisted_ha.wire.signed import Claim


class CapturedTests(SynchronousTestCase):
    """Every captured frame with its description."""

    def setUp(self) -> None:
        self.vectors: list[dict[str, Any]] = [
            {"file": name, **vector}
            for name in vectors.CAPTURED
            for vector in vectors.load(name)["vectors"]
        ]

    def test_enough(self) -> None:
        """There are captured frames to test with."""
        self.assertGreater(len(self.vectors), 100)

    def test_encoding(self) -> None:
        """The encoding is told by the start marker."""
        for vector in self.vectors:
            signed = decode(bytes.fromhex(vector["hex"]))
            self.assertEqual(
                Encoding(vector["encoding"]), signed.encoding, (vector["file"], vector["id"])
            )

    def test_fields(self) -> None:
        """Every field has the name, type and value described; auth is kept apart."""
        for vector in self.vectors:
            described = vectors.fieldsOf(vector["fields"])
            signed = decode(bytes.fromhex(vector["hex"]))
            self.assertEqual(
                tuple(field for field in described if field.name != "auth"),
                signed.message.fields,
                (vector["file"], vector["id"]),
            )

    def test_innerAuth(self) -> None:
        """The auth field of a netstring is shown as it stands there."""
        for vector in self.vectors:
            if vector["encoding"] == "netstring":
                described = Message(vectors.fieldsOf(vector["fields"]))
                signed = decode(bytes.fromhex(vector["hex"]))
                self.assertEqual(described.get("auth"), signed.inner, (vector["file"], vector["id"]))

    def test_vouched(self) -> None:
        """What is read after its claim was checked is the same, and nothing that is not covered."""
        for vector in self.vectors:
            frame = bytes.fromhex(vector["hex"])
            message = decodeVouched(frame, claim(frame), self.fail)
            self.assertEqual(decode(frame).message, message)
            self.assertEqual(Message(message.fields).values, message.values)
        frame = b">>>\nt=x\nauth=1 a\n<<<\n"
        vouched = claim(frame)._replace(covered=b"t=y\n")
        self.assertEqual("y", decodeVouched(frame, vouched, self.fail).type)

    def test_claimsTwoThings(self) -> None:
        """A netstring frame that claims something else when it is read is checked again."""
        frame = next(bytes.fromhex(one["hex"]) for one in self.vectors if one["encoding"] == "netstring")
        checked: list[Claim] = []
        decodeVouched(frame, claim(frame)._replace(digest="another"), checked.append)
        self.assertEqual([claim(frame)], checked)

    def test_twin(self) -> None:
        """With its last NUL or without, a frame says and claims the same."""
        for vector in self.vectors:
            frame = bytes.fromhex(vector["hex"])
            other = twin(frame)
            self.assertNotEqual(frame, other)
            self.assertEqual(frame, twin(other))
            self.assertEqual((claim(frame), decode(frame)), (claim(other), decode(other)))

    def test_endsOfMessages(self) -> None:
        """What stands behind a head that is known is read alike, whether it is the usual or not."""
        for tail in (
            b"seq=1\nhg=2\nts=3\nld=4 5 1/2 3\nttl=3\n",
            b"seq=\nhg=\nts==\nld= \xff\r\nttl=(1)\n",
            b"seq=1\nhg=2\nts=3\nld=4\x135\nttl=3\n",
            b"seq=1\nhg=2\nts=3\nttl=3\nld=4\n",
            b"seq=1\nhg=2\nts=3\nld=4\nttl=3\nttl=4\n",
            b"seq=1\nhg=2\nts=3\nld=4\n\nttl=3\n",
            b"seq=1\n",
            b"ttl=9\nseq=1\nhg=2\nts=3\nld=4\nttl=3\n",
        ):
            frame = b">>>\nt=status\nst=up\n%bauth=1 ab\n<<<\n" % tail
            whole, vouched = decode(frame).message, decodeVouched(frame, claim(frame), self.fail)
            self.assertEqual((whole, whole.values), (vouched, vouched.values), tail)

    def test_claim(self) -> None:
        """The key number and digest are read from where they count."""
        for vector in self.vectors:
            signed = decode(bytes.fromhex(vector["hex"]))
            self.assertEqual(
                (vector["auth"]["key"], vector["auth"]["digest"]),
                (signed.key, signed.digest),
                (vector["file"], vector["id"]),
            )

    def test_unusualClaims(self) -> None:
        """What a frame claims is what reading all of it finds, also where nobody would write it so."""
        end = b"auth=1 abc\n<<<\n\0"
        for lines in (
            b"t=x\nauth=2 def\nb=c\n",
            b"t=x\n\nb=c\n",
            b"\nt=x\n",
            b"t=x\n<<<\nb=c\n",
            b"t=x\nb=\0c\n",
        ):
            frame = b">>>\n" + lines + end
            try:
                whole = decode(frame).claim
            except WireError:
                self.assertRaises(WireError, claim, frame)
            else:
                self.assertEqual(claim(frame), whole)

    def test_errorBehindTheHead(self) -> None:
        """An error behind what is read at once is found at its place in the frame."""
        frame = b">>>\nt=x\nsrc=a\nseq=1\nbad\nauth=1 abc\n<<<\n\0"
        error = self.assertRaises(WireError, decodeVouched, frame, claim(frame), self.fail)
        self.assertEqual(error.offset, frame.index(b"bad"))

    def test_longHead(self) -> None:
        """What a long message begins with is not remembered."""
        kept = _readHead.cache_info().currsize
        frame = b">>>\nt=x\nsrc=" + b"a" * 300 + b"\nseq=1\nauth=1 abc\n<<<\n\0"
        self.assertEqual(decodeVouched(frame, claim(frame), self.fail).get("seq"), "1")
        self.assertEqual(_readHead.cache_info().currsize, kept)

    def test_claimFirst(self) -> None:
        """The claim is the same before the fields are read."""
        for vector in self.vectors:
            frame = bytes.fromhex(vector["hex"])
            self.assertEqual(claim(frame), decode(frame).claim, (vector["file"], vector["id"]))

    def test_covered(self) -> None:
        """The covered bytes are those the real node digested, where that is known."""
        known = [vector for vector in self.vectors if "input_hex" in vector["auth"]]
        self.assertTrue(known)
        for vector in known:
            signed = decode(bytes.fromhex(vector["hex"]))
            self.assertEqual(
                bytes.fromhex(vector["auth"]["input_hex"]),
                signed.covered,
                (vector["file"], vector["id"]),
            )


class JudgedTests(SynchronousTestCase):
    """Every synthetic frame with its verdict."""

    def test_verdicts(self) -> None:
        """What must decode does, and what must not is refused with a L{WireError}."""
        # One of the mutations that "decode" has a wrong length, so what is changed there need not.
        for name in vectors.JUDGED:
            for vector in vectors.load(name)["vectors"]:
                wanted = vector["expect"]["decodes"]
                try:
                    decode(bytes.fromhex(vector["hex"]))
                except WireError:
                    got = False
                else:
                    got = True
                if wanted is False or (wanted and name != "mutated"):
                    self.assertEqual(wanted, got, (name, vector["id"]))

    def test_firstOfTwo(self) -> None:
        """Of a field that stands twice, the first value is used."""
        (vector,) = [v for v in vectors.load("accept-reject")["vectors"] if v["id"] == "dupst"]
        self.assertEqual("dupst", decode(bytes.fromhex(vector["hex"])).message.get("st"))


class NeitherTests(SynchronousTestCase):
    """Bytes that are in no encoding."""

    def test_noStartMarker(self) -> None:
        """Anything that does not begin with one of the two markers is refused at its first byte."""
        for frame in (b"", b">", b">>>", b"###", b"t=x\n<<<\n", b"\n>>>\nt=x\n<<<\n", b"\0"):
            self.assertEqual(0, self.assertRaises(WireError, decode, frame).offset)

    def test_reprHidesDigests(self) -> None:
        """A signed message shows its fields and not its digest."""
        shown = repr(decode(b">>>\nt=x\nauth=1 deadbeef\n<<<\n"))
        self.assertEqual("<SignedMessage classic key=1 <Message t='x'>>", shown)

    def test_frozen(self) -> None:
        """A signed message cannot be changed."""
        with self.assertRaises(AttributeError):
            decode(b">>>\n<<<\n").key = 1  # type: ignore[misc]

    def test_fieldsAreTheSharedKind(self) -> None:
        """Both encodings give equal messages for equal fields."""
        classic = decode(b">>>\nt=x\n(1)b=AAE=\n<<<\n").message
        netstring = decode(b"###\n6:(0)t=x,7:(1)b=\0\1,%%%\n").message
        self.assertEqual(classic, netstring)
        self.assertEqual(Field("t", "x"), classic.fields[0])
