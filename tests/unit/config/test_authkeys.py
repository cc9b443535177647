"""The shared secrets."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.auth.key import Key
from twisted_ha.config.authkeys import checkFile, parse
from twisted_ha.config.complaints import Complaints
from twisted_ha.config.host import FileFacts
from twisted_ha.config.location import Complaint
from twisted_ha.config.model import Keys

SECRET = "hunter2hunter2"


class ParseTests(SynchronousTestCase):
    """L{parse}; what a real heartbeat made of whole files is in C{test_vectors}."""

    def read(self, text: str) -> tuple[Keys | None, list[Complaint]]:
        complaints = Complaints()
        return parse("authkeys", text, complaints), list(complaints.inOrder(["authkeys"]))

    def category(self, text: str) -> str:
        """The one thing said of C{text}."""
        found = self.read(text)[1]
        self.assertEqual(1, len(found), [item.render() for item in found])
        return found[0].category

    def test_keys(self) -> None:
        """Every key is kept; the secret is bytes, whatever they are."""
        keys, found = self.read("auth 2\n1 crc\n2 sha1 h\udcffx\u00a0y rest\n")
        assert keys is not None
        self.assertEqual(2, keys.signing)
        self.assertEqual({1: Key("crc"), 2: Key("sha1", b"h\xffx\xc2\xa0y")}, dict(keys.keys))
        self.assertEqual([], found)

    def test_secretsAreNeverShown(self) -> None:
        """However a line is wrong, no complaint holds a word of it."""
        for line in (
            *(SECRET, f"auth {SECRET}", f"1 {SECRET}", f"{SECRET} sha1 x", f"1 crc {SECRET}"),
            *(f"99 sha1 {SECRET}", f"a{SECRET}", f"1 sha1 {SECRET}\0", f"1 SHA1 {SECRET}", f"1{SECRET}"),
            *(f"1 sha256 {SECRET}", f"AUTH {SECRET}"),
        ):
            keys, found = self.read(f"auth 1\n1 sha1 {SECRET}\n{line}\n")
            self.assertTrue(found, line)
            for complaint in found:
                self.assertNotIn("hunter2", complaint.render())
                self.assertNotIn("hunter2", repr(complaint))
            self.assertNotIn("hunter2", repr(keys))

    def test_place(self) -> None:
        """The fault has a line and a column, though the line is not shown."""
        where = self.read(f"auth 1\n1 sha1 {SECRET}\n2 sha3 {SECRET}\n")[1][0].where
        self.assertEqual((3, 3, ""), (where.line, where.column, where.text))

    def test_ours(self) -> None:
        """A method heartbeat does not know is accepted with a warning."""
        keys, found = self.read(f"auth 1\n1 sha256 {SECRET}\n")
        assert keys is not None
        self.assertEqual("sha256", keys.keys[1].method)
        self.assertEqual(["auth-method-ours"], [item.category for item in found])

    def test_published(self) -> None:
        """A secret from a guide is no secret."""
        self.assertEqual(
            "auth-key-published", self.category("auth 1\n1 sha1 YourSecretClusterPassword\n")
        )

    def test_crc(self) -> None:
        """Signing with crc is a warning."""
        self.assertEqual("auth-crc", self.category("auth 1\n1 crc\n"))

    def test_methodCase(self) -> None:
        """A method is written in lower case."""
        found = self.read(f"auth 1\n1 SHA1 {SECRET}\n")[1]
        self.assertEqual(["write sha1"], [item.hint for item in found])

    def test_authAfterKey(self) -> None:
        """The wrong order says which line it is about."""
        found = self.read(f"1 sha1 {SECRET}\nauth 1\n")[1]
        self.assertEqual(["auth-key-not-found"], [item.category for item in found])
        self.assertIn("line 1", found[0].message)

    def test_authWithoutKey(self) -> None:
        """A number without a key says which there are."""
        self.assertIn("there is 1 and 2", self.read("auth 3\n1 sha1 a\n2 sha1 b\n")[1][0].message)

    def test_lastAuthUnused(self) -> None:
        """An auth line that no key follows changes nothing, and that is said."""
        keys, found = self.read("auth 1\n1 sha1 a\nauth 2\n")
        assert keys is not None
        self.assertEqual((1, ["auth-key-not-found"]), (keys.signing, [item.category for item in found]))

    def test_replaced(self) -> None:
        """A number defined twice is the later key, with a warning."""
        self.assertEqual("auth-key-twice", self.category("auth 1\n1 sha1 a\n1 md5 b\n"))

    def test_empty(self) -> None:
        """Without any line there is nothing to sign with."""
        self.assertEqual("auth-line-missing", self.category("# nothing\n"))


class FileTests(SynchronousTestCase):
    """L{checkFile}."""

    def category(self, mode: int, trusted: bool = True) -> list[str]:
        complaints = Complaints()
        checkFile("authkeys", FileFacts(mode=mode, trusted=trusted), complaints)
        return [item.category for item in complaints.inOrder([])]

    def test_readable(self) -> None:
        """Readable by others is an error."""
        self.assertEqual(["authkeys-permissions"], self.category(0o644))

    def test_writable(self) -> None:
        """Writable by others is a warning."""
        self.assertEqual(["authkeys-writable"], self.category(0o620))

    def test_owner(self) -> None:
        """A stranger's file is a warning."""
        self.assertEqual(["authkeys-owner"], self.category(0o600, trusted=False))

    def test_good(self) -> None:
        """Ours alone needs no word."""
        self.assertEqual([], self.category(0o600))
