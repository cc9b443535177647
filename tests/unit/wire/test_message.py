"""Tests of L{twisted_ha.wire.message}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.wire import Field, FieldType, Message


class MessageTests(SynchronousTestCase):
    """A list of fields that is read by name."""

    def test_firstOfAName(self) -> None:
        """Of several fields of one name the first is found."""
        message = Message([Field("st", "up"), Field("x", "y"), Field("st", "dead")])
        self.assertEqual("up", message.get("st"))

    def test_keepsDoubles(self) -> None:
        """Fields of one name all stay, in order."""
        fields = (Field("st", "up"), Field("st", "dead"))
        self.assertEqual(fields, Message(fields).fields)

    def test_of(self) -> None:
        """L{Message.of} makes strings of text, binary of bytes, and nothing of L{None}."""
        self.assertEqual(
            (Field("t", "status"), Field("st", "up"), Field("srcuuid", b"\0\1", FieldType.BINARY)),
            Message.of("status", st="up", dest=None, srcuuid=b"\0\1").fields,
        )

    def test_getIsForText(self) -> None:
        """A binary field is not found as text, nor a string as binary."""
        message = Message.of("status", srcuuid=b"\0")
        self.assertEqual((None, None), (message.get("srcuuid"), message.getBinary("t")))

    def test_replacing(self) -> None:
        """A replaced field keeps its place."""
        message = Message.of("status", st="up", ttl="3").replacing("st", "active")
        self.assertEqual(["t", "st", "ttl"], [field.name for field in message])
        self.assertEqual("active", message.get("st"))

    def test_replacingTheFirst(self) -> None:
        """Of two equal fields only the first is replaced."""
        message = Message([Field("a", "1"), Field("a", "1")]).replacing("a", "2")
        self.assertEqual((Field("a", "2"), Field("a", "1")), message.fields)

    def test_replacingWhatIsMissing(self) -> None:
        """A field that was not there is appended."""
        self.assertEqual(Field("ttl", "3"), Message.of("x").replacing("ttl", "3").fields[-1])

    def test_without(self) -> None:
        """Every field of the name goes."""
        message = Message([Field("auth", "1 a"), Field("t", "x"), Field("auth", "1 b")])
        self.assertEqual((Field("t", "x"),), message.without("auth").fields)

    def test_strings(self) -> None:
        """What scripts get: strings, the first of each name, in the order of the message."""
        message = Message([Field("t", "x"), Field("b", b"", FieldType.BINARY), Field("t", "y")])
        self.assertEqual({"t": "x"}, message.strings())

    def test_equality(self) -> None:
        """Messages of equal fields are equal and hash alike."""
        one, other = Message.of("x", a="b"), Message.of("x", a="b")
        self.assertEqual((one, hash(one)), (other, hash(other)))

    def test_fieldsAreFixed(self) -> None:
        """A field cannot be changed."""
        with self.assertRaises(AttributeError):
            Field("a", "b").value = "c"  # type: ignore[misc]

    def test_reprHidesAuth(self) -> None:
        """The digest is not shown."""
        self.assertNotIn("1 deadbeef", repr(Message.of("x", auth="1 deadbeef")))
