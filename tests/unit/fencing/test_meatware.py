"""The device that is a person."""

from __future__ import annotations

import os
import stat

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.fencing.fakes import BETA, GAMMA, Surroundings, reasonOf
from twisted_ha.events import Notice, OperatorNeeded, Warned
from twisted_ha.fencing.meatware import POLL, WAIT, MeatwareFencer
from twisted_ha.interfaces import IFencer
from twisted_ha.terms import NodeName


class MeatwareTests(SynchronousTestCase):
    """L{MeatwareFencer}, with real FIFOs and a clock of ours."""

    def setUp(self) -> None:
        self.around = Surroundings()
        self.run_, self.other = self.mktemp(), self.mktemp()
        os.makedirs(self.run_)
        os.makedirs(self.other)
        self.path = os.path.join(self.run_, "meatware.beta")
        self.fencer = self.make("beta")

    def make(self, *hosts: str) -> MeatwareFencer:
        return MeatwareFencer(
            hosts=hosts,
            directories=(self.run_, self.other),
            clock=self.around.clock,
            bus=self.around.bus,
        )

    def answer(self, text: bytes, path: str = "") -> None:
        """Write to the FIFO, and let it be looked at."""
        fifo = os.open(path or self.path, os.O_WRONLY | os.O_NONBLOCK)
        os.write(fifo, text)
        os.close(fifo)
        self.around.clock.advance(POLL)

    def assertNothingLeft(self) -> None:
        """No FIFO, no descriptor that somebody could write to, no pending call."""
        self.assertEqual(os.listdir(self.run_) + os.listdir(self.other), [])
        self.assertEqual(self.around.clock.getDelayedCalls(), [])

    def test_interface(self) -> None:
        """It keeps the contract."""
        verifyObject(IFencer, self.fencer)

    def test_asks(self) -> None:
        """A person is told what to do, in the original's words and with the command."""
        self.fencer.fence(BETA)
        (said,) = self.around.told(OperatorNeeded)
        self.assertIn("OPERATOR INTERVENTION REQUIRED to reset beta.", said)
        self.assertIn('Run "meatclient -c beta" AFTER power-cycling the machine.', said)
        self.assertIn(self.path, said)

    def test_fifo(self) -> None:
        """Only root may answer: the FIFO has mode 0600."""
        before = os.umask(0)
        try:
            self.fencer.fence(BETA)
        finally:
            os.umask(before)
        mode = os.stat(self.path).st_mode
        self.assertTrue(stat.S_ISFIFO(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_confirmed(self) -> None:
        """The line ends the wait with success, and nothing is left."""
        done = self.fencer.fence(BETA)
        self.around.clock.pump([POLL] * 8)
        self.assertNoResult(done)
        self.answer(b"meatware reply beta\n")
        self.assertEqual(self.successResultOf(done), "an operator said so after 2 s")
        self.assertNothingLeft()

    def test_originalsClient(self) -> None:
        """The original's client ends the line with NUL and sends 256 bytes of whatever it had."""
        done = self.fencer.fence(BETA)
        self.answer(b"meatware reply beta\0\x97U\0\0RIVA".ljust(256, b"\0"))
        self.successResultOf(done)

    def test_originalsPlace(self) -> None:
        """An answer in the second directory counts too."""
        done = self.fencer.fence(BETA)
        self.answer(b"meatware reply beta\n", os.path.join(self.other, "meatware.beta"))
        self.successResultOf(done)
        self.assertNothingLeft()

    def test_writerLeaves(self) -> None:
        """Somebody who opens the FIFO and writes nothing changes nothing."""
        done = self.fencer.fence(BETA)
        self.answer(b"")
        self.assertNoResult(done)
        self.answer(b"meatware reply beta\n")
        self.successResultOf(done)

    def test_otherAnswers(self) -> None:
        """An answer for another node, or any other text, is told and does not count."""
        done = self.fencer.fence(BETA)
        for text in (
            b"meatware reply gamma\n",
            b"yes\xff\n",
            b"meatware reply beta2\n",
            b"reply beta\n",
        ):
            self.answer(text)
            self.assertNoResult(done)
        warnings = self.around.told(Warned)
        self.assertEqual(len(warnings), 4)
        self.assertIn("expected 'meatware reply beta'", warnings[0])
        self.answer(b"meatware reply beta\n")
        self.successResultOf(done)

    def test_waitsInVain(self) -> None:
        """After 600 seconds the attempt has failed, and the next one can be made."""
        done = self.fencer.fence(BETA)
        self.around.clock.pump([1.0] * 599)
        self.assertNoResult(done)
        self.around.clock.pump([POLL] * 4)
        reason = reasonOf(self.failureResultOf(done).value)
        self.assertEqual(reason, f"no operator confirmed within {WAIT:.0f} s that beta was reset")
        self.assertNothingLeft()
        again = self.fencer.fence(BETA)
        self.answer(b"meatware reply beta\n")
        self.successResultOf(again)

    def test_cancelled(self) -> None:
        """Called off, it closes the door and tells people not to reset the node any more."""
        done = self.fencer.fence(BETA)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertNothingLeft()
        self.assertIn("do not power-cycle it", self.around.told(Notice)[0])

    def test_oldFifo(self) -> None:
        """An answer to an older question is not heard: the FIFO is always a new one."""
        os.mkfifo(self.path)
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        writer = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, writer)
        os.write(writer, b"meatware reply beta\n")
        done = self.fencer.fence(BETA)
        self.around.clock.advance(POLL)
        self.assertNoResult(done)
        done.cancel()
        self.failureResultOf(done, CancelledError)

    def test_strayFile(self) -> None:
        """A file that somebody wrote by mistake gives way."""
        with open(self.path, "w") as stray:
            stray.write("meatware reply beta\n")
        done = self.fencer.fence(BETA)
        self.around.clock.advance(POLL)
        self.assertNoResult(done)
        self.answer(b"meatware reply beta\n")
        self.successResultOf(done)

    def test_othersFifo(self) -> None:
        """A FIFO that took the place of ours meanwhile is left to its owner."""
        done = self.fencer.fence(BETA)
        os.unlink(self.path)
        os.mkfifo(self.path)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertTrue(os.path.exists(self.path))

    def test_notListed(self) -> None:
        """A node that is not listed is refused by name."""
        reason = reasonOf(self.failureResultOf(self.fencer.fence(GAMMA)).value)
        self.assertEqual(reason, "Device meatware cannot reset host gamma: it lists beta")
        self.assertNothingLeft()

    def test_lists(self) -> None:
        """The list may be named, hold commas and capitals, or be left out."""
        for words in (("hostlist=alpha", "BETA"), ("alpha,Beta",), ()):
            done = self.make(*words).fence(BETA)
            self.answer(b"meatware reply beta\n")
            self.successResultOf(done)

    def test_noDirectory(self) -> None:
        """A FIFO that cannot be made is a failure that says which."""
        os.rmdir(self.run_)
        reason = reasonOf(self.failureResultOf(self.fencer.fence(BETA)).value)
        self.assertIn(f"cannot make the FIFO {self.path}", reason)
        self.assertIn("No such file or directory", reason)
        os.mkdir(self.run_)
        self.assertNothingLeft()

    def test_noSecondDirectory(self) -> None:
        """The second place is a convenience: without it the first one does."""
        os.rmdir(self.other)
        done = self.fencer.fence(BETA)
        self.answer(b"meatware reply beta\n")
        self.successResultOf(done)

    def test_strangeName(self) -> None:
        """A node's name never leads out of the directory."""
        reason = reasonOf(self.failureResultOf(self.make().fence(NodeName("../x"))).value)
        self.assertIn("../x", reason)
