"""C{hactl decode}."""

from __future__ import annotations

import io
import json
import os
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cli.decode import decode

VECTORS = os.path.join(os.path.dirname(__file__), "..", "..", "data", "vectors")


def vectors(name: str) -> list[dict[str, Any]]:
    with open(os.path.join(VECTORS, name)) as file:
        found: list[dict[str, Any]] = json.load(file)["vectors"]
    return found


class DecodeTests(SynchronousTestCase):
    """L{decode}."""

    def decode(self, source: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        return decode(source, out, err), out.getvalue(), err.getvalue()

    def file(self, data: bytes) -> str:
        path = self.mktemp()
        with open(path, "wb") as file:
            file.write(data)
        return path

    def test_hex(self) -> None:
        """A packet in hexadecimal is shown field by field, numbers in base ten beside."""
        status, out, err = self.decode(vectors("udp-msgfmt-classic-sha1.json")[0]["hex"])
        self.assertEqual((status, err), (0, ""))
        self.assertIn("signed with key 2", out)
        self.assertIn("src       alpha\n", out)
        self.assertIn("1388 (5000 ms)", out)
        self.assertIn("6b03ef74 (2026-11-23 07:47:00 UTC)", out)

    def test_dump(self) -> None:
        """Blanks, colons and line ends between the digits do not matter."""
        text = vectors("udp-msgfmt-classic-sha1.json")[0]["hex"]
        spaced = "0x" + ":".join(text[place : place + 2] for place in range(0, len(text), 2)) + "\n"
        self.assertEqual(self.decode(spaced)[:2], self.decode(text)[:2])

    def test_file(self) -> None:
        """So is a file with the bytes themselves, or with their digits."""
        text = vectors("udp-msgfmt-netstring-sha1.json")[0]["hex"]
        raw, digits = self.file(bytes.fromhex(text)), self.file(text.encode())
        self.assertEqual(self.decode(raw), self.decode(text))
        self.assertEqual(self.decode(digits), self.decode(text))

    def test_stream(self) -> None:
        """What was captured on a serial line may hold many."""
        stream = bytes.fromhex(vectors("serial-stream.json")[0]["stream_hex"])
        status, out, _ = self.decode(self.file(stream))
        self.assertEqual(status, 0)
        self.assertEqual(
            out.count("classic encoding"), len(vectors("serial-stream.json")[0]["messages_hex"])
        )

    def test_noPacket(self) -> None:
        """Anything else is said to be none, in one line."""
        for source in ("cafe", self.file(b"GET / HTTP/1.0\r\n\r\n"), self.file(b""), "no-such-file"):
            status, out, err = self.decode(source)
            self.assertEqual((status, out, err.count("\n")), (1, "", 1), source)

    def test_directory(self) -> None:
        """A directory is not a packet either."""
        self.assertIn("directory", self.decode("/")[2])

    def test_truncated(self) -> None:
        """Every beginning of a packet ends in a sentence."""
        data = bytes.fromhex(vectors("udp-msgfmt-netstring-sha1.json")[0]["hex"])
        for length in range(0, len(data), 7):
            status, _, err = self.decode(data[:length].hex() or "00")
            self.assertIn(status, (0, 1))
            self.assertLessEqual(err.count("\n"), 1)
