"""Tests of L{twisted_ha.auth.digests}."""

from __future__ import annotations

import hashlib

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.wire import vectors
from twisted_ha.auth.digests import METHODS, Crc, Keyed, Mac, chooseMac, opensslMac, pycryptodomeMac
from twisted_ha.interfaces import IAuthMethod

KEYED = ("md5", "sha1", "sha256", "sha512")


def slowCrc(body: bytes) -> int:
    """CRC-32/CKSUM bit by bit, as its definition says."""
    register = 0
    for byte in body:
        register ^= byte << 24
        for _ in range(8):
            register = (
                register << 1 ^ 0x04C11DB7 if register & 0x80000000 else register << 1
            ) & 0xFFFFFFFF
    return register ^ 0xFFFFFFFF


def refusing(name: str, key: bytes) -> Mac:
    """An HMAC as a hardened OpenSSL has it."""
    raise ValueError(f"disabled for FIPS: {name}")


def refusingLate(name: str, key: bytes) -> Mac:
    """One that refuses only when it is given something to do."""

    def mac(body: bytes) -> str:
        raise ValueError(f"disabled for FIPS: {name}")

    return mac


class CrcTests(SynchronousTestCase):
    """The method without a key."""

    def test_interface(self) -> None:
        """It is an authentication method."""
        self.assertTrue(verifyObject(IAuthMethod, Crc()))

    def test_check(self) -> None:
        """It gives the catalogue's check value."""
        self.assertEqual("765e7680", Crc().withKey(b"")(b"123456789"))

    def test_vectors(self) -> None:
        """It gives the values of the original for every input."""
        for case in vectors.load("digests")["digests"]:
            self.assertEqual(case["crc"], Crc().withKey(b"")(bytes.fromhex(case["input_hex"])))

    def test_definition(self) -> None:
        """It is what its definition computes, for every byte and many lengths."""
        for length in range(0, 600, 7):
            body = bytes((length * 31 + index * 17) & 0xFF for index in range(length))
            self.assertEqual(f"{slowCrc(body):x}", Crc().withKey(b"")(body))

    def test_noLeadingZeros(self) -> None:
        """A small value has fewer digits."""
        body = next(b"%d" % i for i in range(10000) if slowCrc(b"%d" % i) < 0x01000000)
        self.assertLess(len(Crc().withKey(b"")(body)), 7)

    def test_keyless(self) -> None:
        """It needs no key and uses none."""
        self.assertFalse(Crc().needsKey)
        self.assertEqual(Crc().withKey(b"")(b"x"), Crc().withKey(b"key")(b"x"))


class KeyedTests(SynchronousTestCase):
    """The HMAC methods."""

    def test_interface(self) -> None:
        """Each is an authentication method that needs a key."""
        for name in KEYED:
            method = METHODS[name]
            self.assertTrue(verifyObject(IAuthMethod, method))
            self.assertEqual((name, True), (method.name, method.needsKey))

    def test_vectors(self) -> None:
        """C{md5} and C{sha1} give the values of the original, also for keys longer than a block."""
        for case in vectors.load("digests")["digests"]:
            body = bytes.fromhex(case["input_hex"])
            for name in ("md5", "sha1"):
                for which in (name, f"{name}_longkey"):
                    key = case[which]["key"].encode()
                    self.assertEqual(case[which]["digest"], METHODS[name].withKey(key)(body))

    def test_rfc4231(self) -> None:
        """C{sha256} and C{sha512} give the values of RFC 4231, test case 2."""
        body = b"what do ya want for nothing?"
        self.assertEqual(
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            METHODS["sha256"].withKey(b"Jefe")(body),
        )
        self.assertEqual(
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            METHODS["sha512"].withKey(b"Jefe")(body),
        )

    def test_bothImplementationsAgree(self) -> None:
        """OpenSSL and pycryptodome give the same for every method, key length and body."""
        for name in KEYED:
            if name not in hashlib.algorithms_available:
                continue
            for length in (1, 10, 63, 64, 65, 108, 127, 128, 129, 300):
                for body in (b"", b"x", bytes(range(256)) * 3):
                    key = bytes(index * 7 & 0xFF for index in range(length))
                    self.assertEqual(opensslMac(name, key)(body), pycryptodomeMac(name, key)(body))

    def test_whereOpensslRefuses(self) -> None:
        """A digest that OpenSSL refuses comes from pycryptodome."""
        for name in KEYED:
            wanted = pycryptodomeMac(name, b"Jefe")(b"body")
            for hardened in (refusing, refusingLate):
                method = Keyed(name, chooseMac(name, hardened))
                self.assertEqual(wanted, method.withKey(b"Jefe")(b"body"))

    def test_preferred(self) -> None:
        """A digest that OpenSSL has comes from there."""

        def preferred(name: str, key: bytes) -> Mac:
            return lambda body: "preferred"

        self.assertEqual("preferred", chooseMac("md5", preferred)("md5", b"")(b""))

    def test_keyIsPreparedOnce(self) -> None:
        """One body does not colour the next."""
        for make in (opensslMac, pycryptodomeMac):
            mac = make("sha1", b"Jefe")
            self.assertEqual(
                [mac(b"a"), mac(b"b"), mac(b"a")],
                [make("sha1", b"Jefe")(one) for one in (b"a", b"b", b"a")],
            )
