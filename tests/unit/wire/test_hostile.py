"""What strangers can send, and what survives the way through both encodings."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.wire import vectors
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.errors import AuthError, WireError
from twisted_ha.wire import Encoding, Field, FieldType, Message, SignedMessage, decode
from twisted_ha.wire.codec import claim
from twisted_ha.wire.compression import expand
from twisted_ha.wire.grammar import isName

KEYS = "auth 1\n1 sha1 TestSecret\n"
SEEDS = list(vectors.frames())
WORDS = [
    *(b"t=x", b"(1)", b"(2)", b"(3)", b"=", b"\n", b"\x14", b">>>", b"<<<", b"###\n", b"%%%\n", b"1:"),
    *(b"6:", b"(0)t=x", b",", b"auth=1 d", b"a", b"AA==", b"\0", b"\x13", b"\xff", b""),
]


def modest(examples: int) -> Any:
    """Few examples, the same in every run."""
    return settings(max_examples=examples, derandomize=True, database=None, deadline=None)


def survive(ring: KeyRing, frame: bytes) -> None:
    """Take C{frame} as the daemon would; only its two refusals are caught."""
    try:
        signed = decode(frame)
    except WireError:
        with contextlib.suppress(WireError):
            claim(frame)
        return
    foretold(frame, signed)
    with contextlib.suppress(AuthError):
        ring.verify(signed)
    with contextlib.suppress(WireError):
        expand(signed.message)
    resend(ring, signed)


def foretold(frame: bytes, signed: SignedMessage) -> None:
    """The claim that is read first is that of the whole message; only what stands behind it misleads."""
    behind = frame[len(signed.covered) :]
    misled = signed.encoding is Encoding.NETSTRING and b"%%%\n" in behind
    if not misled and claim(frame) != signed.claim:
        raise AssertionError(f"{claim(frame)} foretold, {signed.claim} found in {frame!r}")


def resend(ring: KeyRing, signed: SignedMessage) -> None:
    """What was read can be passed on in the encoding it came in."""
    again = decode(ring.sign(signed.message, signed.encoding))
    if again.message != signed.message:
        raise AssertionError(f"{signed.message!r} became {again.message!r}")


class GarbageTests(SynchronousTestCase):
    """Nothing but refusals, whatever the bytes are."""

    def setUp(self) -> None:
        self.ring = vectors.ringOf(KEYS)

    @modest(150)
    @given(st.sampled_from([b"", b">>>\n", b"###\n"]), st.binary(max_size=200))
    def test_anyBytes(self, start: bytes, rest: bytes) -> None:
        """Any bytes at all, also behind a start marker."""
        survive(vectors.ringOf(KEYS), start + rest)

    @modest(200)
    @given(
        st.sampled_from([(b">>>\n", b"<<<\n"), (b"###\n", b"%%%\n")]),
        st.lists(
            st.sampled_from(WORDS),
            max_size=30,
        ),
    )
    def test_anyWords(self, markers: tuple[bytes, bytes], words: list[bytes]) -> None:
        """The words of both encodings in any order."""
        survive(vectors.ringOf(KEYS), markers[0] + b"".join(words) + markers[1])

    @modest(40)
    @given(st.integers(0, 2**32))
    def test_mutated(self, seed: int) -> None:
        """Real frames with bytes changed, removed, doubled and moved."""
        chance = random.Random(seed)
        for _ in range(10):
            frame = bytearray(chance.choice(SEEDS))
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(frame))
                match chance.randrange(4):
                    case 0:
                        frame[at] = chance.randrange(256)
                    case 1:
                        del frame[at : at + chance.randint(1, 20)]
                    case 2:
                        frame[at:at] = frame[at : at + chance.randint(1, 20)]
                    case _:
                        frame[at:at] = chance.choice(SEEDS)[: chance.randint(1, 100)]
                if not frame:
                    break
            survive(self.ring, bytes(frame))

    def test_anySingleBitCounts(self) -> None:
        """A captured frame with one covered bit changed never verifies."""
        chance = random.Random(1)
        for frame in vectors.load("udp-netstring-sha1")["vectors"][:5]:
            data = bytes.fromhex(frame["hex"])
            covered = len(decode(data).covered)
            for _ in range(100):
                at = chance.randrange(covered)
                changed = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
                try:
                    self.assertRaises(AuthError, self.ring.verify, decode(changed))
                except WireError:
                    continue


NAMES = st.one_of(
    st.sampled_from(["t", "st", "info", "x", "HA_x"]), st.text(min_size=1).filter(isName)
).filter(lambda name: name != "auth" and name.isprintable())
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x13"))
TAME = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]))
ITEMS = st.lists(TAME, max_size=4).map(tuple)


def fields(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Field]:
    """Fields of every type that holds no message."""
    return st.one_of(
        st.builds(Field, NAMES, texts, st.just(FieldType.STRING)),
        st.builds(Field, NAMES, st.binary(), st.just(FieldType.BINARY)),
        st.builds(Field, NAMES, st.binary(), st.just(FieldType.COMPRESSED)),
        st.builds(Field, NAMES, ITEMS, st.just(FieldType.LIST)),
    )


NESTED = st.recursive(
    st.lists(fields(TAME), max_size=3).map(Message),
    lambda inner: st.lists(st.builds(Field, NAMES, inner, st.just(FieldType.STRUCT)), max_size=2).map(
        Message
    ),
    max_leaves=4,
)
MESSAGES = st.lists(
    st.one_of(fields(TEXT), st.builds(Field, NAMES, NESTED, st.just(FieldType.STRUCT))), max_size=5
).map(Message)


class RoundTripTests(SynchronousTestCase):
    """What is sent is what arrives."""

    @modest(80)
    @given(MESSAGES, st.sampled_from(Encoding), st.booleans(), st.booleans())
    def test_same(self, message: Message, encoding: Encoding, datagram: bool, innerAuth: bool) -> None:
        """Any message survives either encoding and verifies."""
        ring = vectors.ringOf(KEYS)
        frame = ring.sign(message, encoding, datagram, innerAuth=innerAuth)
        self.assertEqual(message, ring.verify(decode(frame)))

    @modest(40)
    @given(MESSAGES, st.sampled_from(Encoding))
    def test_stable(self, message: Message, encoding: Encoding) -> None:
        """A message that was read and sent again is the same bytes."""
        ring = vectors.ringOf(KEYS)
        frame = ring.sign(message, encoding)
        self.assertEqual(frame, ring.sign(ring.verify(decode(frame)), encoding))

    @modest(60)
    @given(st.binary(max_size=60))
    def test_rawBytes(self, value: bytes) -> None:
        """Bytes in a string that are no UTF-8 come out as they went in, in both encodings."""
        value = value.translate(None, b"\0\n\x13")
        ring = vectors.ringOf(KEYS)
        message = decode(b">>>\na=" + value + b"\n<<<\n").message
        for encoding in Encoding:
            again = decode(ring.sign(message, encoding))
            self.assertEqual(message, again.message)
            self.assertIn(value, again.covered)
