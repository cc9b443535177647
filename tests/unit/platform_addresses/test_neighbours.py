"""Frames to the neighbours, byte by byte."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.platform.neighbours import advertiser, announcements, claimant, hardwareText, probe

OURS = bytes.fromhex("020000000001")
THEIRS = bytes.fromhex("020000000007")
IPV4 = IPv4Address("10.0.0.9")
IPV6 = IPv6Address("2001:db8::9")


class ArpTests(SynchronousTestCase):
    """IPv4."""

    def test_probe(self) -> None:
        """The probe of RFC 5227: a broadcast request whose sender has no address."""
        self.assertEqual(
            probe(OURS, IPV4).hex(" "),
            "ff ff ff ff ff ff 02 00 00 00 00 01 08 06"
            " 00 01 08 00 06 04 00 01 02 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 0a 00 00 09",
        )

    def test_announcements(self) -> None:
        """A request and a reply, both broadcast, sender and target address the same."""
        request, reply = announcements(OURS, IPV4)
        ethernet = "ff ff ff ff ff ff 02 00 00 00 00 01 08 06 00 01 08 00 06 04"
        sender = "02 00 00 00 00 01 0a 00 00 09"
        self.assertEqual(request.hex(" "), f"{ethernet} 00 01 {sender} 00 00 00 00 00 00 0a 00 00 09")
        self.assertEqual(reply.hex(" "), f"{ethernet} 00 02 {sender} 02 00 00 00 00 01 0a 00 00 09")

    def test_claimant(self) -> None:
        """Requests and replies of others that carry the address as their sender's claim it."""
        for frame in announcements(THEIRS, IPV4):
            self.assertEqual(claimant(frame, IPV4, OURS), THEIRS)

    def test_padded(self) -> None:
        """Frames come padded to the shortest length of an Ethernet."""
        self.assertEqual(claimant(announcements(THEIRS, IPV4)[0] + b"\0" * 18, IPV4, OURS), THEIRS)

    def test_noClaim(self) -> None:
        """Our own frames, probes, other addresses and other protocols claim nothing."""
        for frame in (
            *announcements(OURS, IPV4),
            probe(THEIRS, IPV4),
            *announcements(THEIRS, IPv4Address("10.0.0.10")),
            announcements(THEIRS, IPV6)[0],
            b"",
        ):
            self.assertIsNone(claimant(frame, IPV4, OURS))

    def test_truncated(self) -> None:
        """A frame that was cut anywhere claims nothing and breaks nothing."""
        frame = announcements(THEIRS, IPV4)[0]
        for length in range(len(frame)):
            self.assertIsNone(claimant(frame[:length], IPV4, OURS))

    def test_text(self) -> None:
        """Hardware addresses as people write them."""
        self.assertEqual(hardwareText(THEIRS), "02:00:00:00:00:07")


class DiscoveryTests(SynchronousTestCase):
    """IPv6."""

    def checksum(self, frame: bytes) -> int:
        """The sum over pseudo header and message; right if all ones."""
        data = frame[22:54] + len(frame[54:]).to_bytes(4, "big") + b"\0\0\0\x3a" + frame[54:]
        total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return total

    def test_solicitation(self) -> None:
        """The question goes from nobody to the solicited-node group, with 255 hops."""
        frame = probe(OURS, IPV6)
        self.assertEqual(frame[:14].hex(), "3333ff000009" + OURS.hex() + "86dd")
        self.assertEqual(frame[20:22].hex(), "3aff")
        self.assertEqual(frame[22:54], bytes(16) + IPv6Address("ff02::1:ff00:9").packed)
        self.assertEqual((frame[54], frame[62:78]), (135, IPV6.packed))
        self.assertEqual(self.checksum(frame), 0xFFFF)

    def test_advertisement(self) -> None:
        """The announcement goes from the address to all nodes, overrides, and names the hardware."""
        (frame,) = announcements(OURS, IPV6)
        self.assertEqual(frame[:6].hex(), "333300000001")
        self.assertEqual(frame[22:54], IPV6.packed + IPv6Address("ff02::1").packed)
        self.assertEqual(frame[54:].hex()[:2], "88")
        self.assertEqual(frame[58:].hex(), "20000000" + IPV6.packed.hex() + "0201" + OURS.hex())
        self.assertEqual(self.checksum(frame), 0xFFFF)

    def test_advertiser(self) -> None:
        """An advertisement of another says who has the address."""
        message = announcements(THEIRS, IPV6)[0][54:]
        self.assertEqual(advertiser(message, IPV6, OURS), THEIRS)
        self.assertEqual(advertiser(message[:24], IPV6, OURS), b"")

    def test_noAdvertiser(self) -> None:
        """Our own, one of another address, a question, and pieces say nothing."""
        message = announcements(THEIRS, IPV6)[0][54:]
        self.assertIsNone(advertiser(announcements(OURS, IPV6)[0][54:], IPV6, OURS))
        self.assertIsNone(advertiser(message, IPv6Address("2001:db8::10"), OURS))
        self.assertIsNone(advertiser(probe(THEIRS, IPV6)[54:], IPV6, OURS))
        for length in range(24):
            self.assertIsNone(advertiser(message[:length], IPV6, OURS))

    def test_endlessOption(self) -> None:
        """An option of length zero does not keep us for ever."""
        message = announcements(THEIRS, IPV6)[0][54:78] + b"\x01\0" + bytes(6)
        self.assertEqual(advertiser(message, IPV6, OURS), b"")
