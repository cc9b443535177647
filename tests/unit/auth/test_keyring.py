"""Tests of L{twisted_ha.auth.keyring}."""

from __future__ import annotations

import hmac
import zlib

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.wire import vectors
from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import Keys
from twisted_ha.errors import AuthError, WireError
from twisted_ha.wire import Encoding, Field, FieldType, Message, decode, encode
from twisted_ha.wire.classic import coveredBytes
from twisted_ha.wire.codec import claim
from twisted_ha.wire.signed import readClaim

MESSAGE = Message.of("status", st="active", src="alpha")


def ring(signing: int = 1, **keys: str) -> KeyRing:
    """A ring; a key is written C{k1="sha1 secret"}."""
    made: dict[int, Key] = {}
    for name, text in keys.items():
        method, _, secret = text.partition(" ")
        made[int(name[1:])] = Key(method, secret.encode())
    return KeyRing(Keys(keys=made, signing=signing))


class MisledTests(SynchronousTestCase):
    """Frames in which what was vouched for is not what would be read."""

    def test_twoEnds(self) -> None:
        """A true claim about all of a netstring does not cover the message in its beginning."""
        ours = ring(k1="sha1 secret")
        inner = encode(MESSAGE, Encoding.NETSTRING, lambda covered: "1 00") + b"%%%\n"
        claimed = f"1 {hmac.new(b'secret', inner, 'sha1').hexdigest()}".encode()
        frame = inner + b"%d:%b," % (len(claimed), claimed)
        ours.check(claim(frame))
        self.assertRaises(AuthError, ours.open, frame)


class CapturedTests(SynchronousTestCase):
    """What real nodes signed."""

    def test_verifies(self) -> None:
        """Every captured frame is authentic."""
        for name in vectors.CAPTURED:
            file = vectors.load(name)
            for vector in file["vectors"]:
                keys = vectors.ringOf(vector.get("authkeys", file["authkeys"]))
                self.assertIsInstance(keys.open(bytes.fromhex(vector["hex"])), Message)

    def test_innerAuth(self) -> None:
        """The inner authentication of a netstring is the classic one of the same fields."""
        checked = 0
        for name in vectors.CAPTURED:
            file = vectors.load(name)
            for vector in file["vectors"]:
                if vector.get("inner_auth_ok") is None:
                    continue
                signed = decode(bytes.fromhex(vector["hex"]))
                keys = vectors.ringOf(vector.get("authkeys", file["authkeys"]))
                key, digest = readClaim(signed.inner or "")
                covered = coveredBytes(signed.message)
                again = signed._replace(key=key, digest=digest, covered=covered)
                self.assertTrue(vector["inner_auth_ok"])
                keys.verify(again)
                checked += 1
        self.assertGreater(checked, 50)

    def test_identicalBytes(self) -> None:
        """Signing the same fields again gives the bytes the real node sent."""
        for name in vectors.CAPTURED:
            file = vectors.load(name)
            for vector in file["vectors"]:
                keys = vectors.ringOf(vector.get("authkeys", file["authkeys"]))
                frame = bytes.fromhex(vector["hex"])
                signed = decode(frame)
                again = keys.sign(
                    signed.message,
                    signed.encoding,
                    frame.endswith(b"\0"),
                    innerAuth=signed.inner is not None,
                )
                self.assertEqual(frame, again, (name, vector["id"]))

    def test_sessions(self) -> None:
        """Every frame of the recorded sessions is authentic and is signed again to the same bytes."""
        checked = 0
        for name in vectors.SESSIONS:
            file = vectors.load(name)
            keys = vectors.ringOf(file["authkeys"])
            for recorded in file["frames"]:
                frame = bytes.fromhex(recorded["hex"])
                signed = decode(frame)
                message = keys.verify(signed)
                self.assertEqual(recorded["from"], message.get("src"))
                self.assertEqual(frame, keys.sign(message, signed.encoding, innerAuth=True))
                checked += 1
        self.assertEqual(667, checked)

    def test_judged(self) -> None:
        """What must be accepted is, and what must be refused is refused."""
        for name in vectors.JUDGED:
            file = vectors.load(name)
            for vector in file["vectors"]:
                wanted = vector["expect"]["auth_ok"]
                keys = vectors.ringOf(vector.get("authkeys", file["authkeys"]))
                try:
                    keys.open(bytes.fromhex(vector["hex"]))
                except (WireError, AuthError):
                    got = False
                else:
                    got = True
                if wanted is not None:
                    self.assertEqual(wanted, got, (name, vector["id"]))

    def test_serialStreams(self) -> None:
        """Every message a real reader took from a line is authentic."""
        keys = vectors.ringOf(vectors.load("serial-classic-sha1")["authkeys"])
        for vector in vectors.load("serial-stream")["vectors"]:
            for message in vector["messages_hex"]:
                keys.open(bytes.fromhex(message))

    def test_compressed(self) -> None:
        """What comes out of a captured envelope is the message inside."""
        file = vectors.load("compressed")
        for vector in file["vectors"]:
            message = vectors.ringOf(file["authkeys"]).open(bytes.fromhex(vector["hex"]))
            self.assertEqual(Message(vectors.fieldsOf(vector["payload"]["fields"])).type, message.type)


class KeyRingTests(SynchronousTestCase):
    """Keys and what they open."""

    def refused(self, keys: KeyRing, frame: bytes) -> str:
        """Why C{frame} is not authentic."""
        return str(self.assertRaises(AuthError, keys.verify, decode(frame)))

    def test_everyMethod(self) -> None:
        """Every method verifies what it signed, in both encodings."""
        for method in ("crc", "md5 s", "sha1 s", "sha256 s", "sha512 s"):
            keys = ring(k1=method)
            for encoding in Encoding:
                self.assertEqual(MESSAGE, keys.open(keys.sign(MESSAGE, encoding)))

    def test_otherSecret(self) -> None:
        """Another secret is refused, by every keyed method."""
        for method in ("md5", "sha1", "sha256", "sha512"):
            frame = ring(k1=f"{method} one").sign(MESSAGE, Encoding.CLASSIC)
            self.assertEqual(
                f"wrong {method} digest for key 1", self.refused(ring(k1=f"{method} two"), frame)
            )

    def test_otherMethod(self) -> None:
        """The method of the key counts, not that of the sender."""
        frame = ring(k1="md5 s").sign(MESSAGE, Encoding.CLASSIC)
        self.refused(ring(k1="sha1 s"), frame)

    def test_unknownKey(self) -> None:
        """A key we do not have is named in the refusal."""
        frame = ring(2, k2="sha1 s").sign(MESSAGE, Encoding.CLASSIC)
        self.assertEqual("key 2 is not in authkeys", self.refused(ring(k1="sha1 s"), frame))

    def test_unsigned(self) -> None:
        """A message without authentication is refused, in both encodings."""
        for frame in (b">>>\nt=x\n<<<\n", b"###\n6:(0)t=x,%%%\n", b"###\n6:(0)t=x,9:(0)auth=1,%%%\n"):
            self.assertIn("no authentication", self.refused(ring(k1="crc"), frame))

    def test_rollover(self) -> None:
        """With both keys in the ring, both are accepted and the signing one is used."""
        old, both = ring(1, k1="sha1 a"), ring(2, k1="sha1 a", k2="sha1 b")
        for encoding in Encoding:
            self.assertEqual(MESSAGE, both.open(old.sign(MESSAGE, encoding)))
            self.assertEqual(2, decode(both.sign(MESSAGE, encoding)).key)

    def test_digestOfTheNamedKey(self) -> None:
        """A frame that names key 1 and is signed with the secret of key 2 is refused."""
        frame = (
            ring(2, k2="sha1 b").sign(MESSAGE, Encoding.NETSTRING).replace(b",%%%\n42:2", b",%%%\n42:1")
        )
        self.refused(ring(2, k1="sha1 a", k2="sha1 b"), frame)

    def test_changedMessage(self) -> None:
        """A value changed on the way is refused."""
        keys = ring(k1="sha1 s")
        for encoding in Encoding:
            self.refused(keys, keys.sign(MESSAGE, encoding).replace(b"active", b"actixe"))

    def test_strangeDigests(self) -> None:
        """Digests that are no hexadecimal are refused like any wrong one."""
        for digest in (b"\xff\xfe", "é".encode(), b"0", b"x" * 100000):
            self.refused(ring(k1="sha1 s"), b">>>\nt=x\nauth=1 " + digest + b"\n<<<\n")

    def test_comparesInConstantTime(self) -> None:
        """Digests are compared by L{hmac.compare_digest}."""
        compared: list[bytes] = []

        def compare(one: bytes, other: bytes) -> bool:
            compared.append(other)
            return True

        self.patch(hmac, "compare_digest", compare)
        ring(k1="sha1 s").open(b">>>\nt=x\nauth=1 abc\n<<<\n")
        self.assertEqual(["abc"], compared)

    def test_envelopeUnopenedUntilVerified(self) -> None:
        """A stranger's envelope is refused for its digest, and never opened."""
        bomb = Message([Field("_compressed_payload", zlib.compress(b"junk"), FieldType.BINARY)])
        frame = ring(k1="sha1 theirs").sign(bomb, Encoding.NETSTRING)
        self.refused(ring(k1="sha1 ours"), frame)

    def test_badEnvelope(self) -> None:
        """An authentic envelope that cannot be opened is a L{WireError}."""
        keys = ring(k1="sha1 s")
        message = Message([Field("_compressed_payload", b"junk", FieldType.BINARY)])
        frame = keys.sign(message, Encoding.NETSTRING)
        self.assertRaises(WireError, keys.open, frame)

    def test_impossibleKeys(self) -> None:
        """Keys that C{authkeys} cannot have make no ring."""
        for keys in (
            Keys(keys={16: Key("crc")}, signing=16),
            Keys(keys={-1: Key("crc")}, signing=-1),
            Keys(keys={1: Key("rot13", b"s")}, signing=1),
            Keys(keys={1: Key("crc")}, signing=2),
            Keys(keys={}, signing=0),
        ):
            self.assertRaises(ValueError, KeyRing, keys)

    def test_secretsAreNotShown(self) -> None:
        """Neither the ring nor a refusal shows a secret or a digest."""
        keys = ring(k1="sha1 TestSecret")
        frame = b">>>\nt=x\nauth=1 deadbeef\n<<<\n"
        wanted = keys.sign(Message.of("x"), Encoding.CLASSIC)[15:55].decode()
        for shown in (repr(keys), self.refused(keys, frame)):
            for hidden in ("TestSecret", "deadbeef", wanted):
                self.assertNotIn(hidden, shown)
