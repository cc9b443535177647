"""The agents of conf/resource.d, run by the shell they are for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.agents.script import ScriptKind, standingOf
from twisted_ha.operations import Completed, Standing

CONF = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "..", "conf", "resource.d"))

if not os.path.isdir(CONF):
    skip = "the agents are not part of this installation"


class ScriptCase(SynchronousTestCase):
    """Runs one agent with a place of its own for everything it touches."""

    agent = ""

    def setUp(self) -> None:
        self.place = os.path.abspath(self.mktemp())
        os.makedirs(self.place)
        self.environment = {
            "PATH": f"{self.place}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HA_RSCTMP": os.path.join(self.place, "rsctmp"),
        }

    def run1(self, *arguments: str) -> Completed:
        done = subprocess.run(
            ["/bin/sh", os.path.join(CONF, self.agent), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
        )
        return Completed(status=done.returncode, output=done.stdout, errors=done.stderr)

    def standing(self, *arguments: str) -> Standing:
        """What our own reading makes of its status; the exit code has to agree."""
        completed = self.run1(*arguments, "status")
        standing = standingOf(ScriptKind.HEARTBEAT, completed)
        self.assertEqual(completed.status, 0 if standing is Standing.RUNNING else 3)
        # A 1.2 core takes a stopped one for running if this word is there at all.
        if standing is Standing.STOPPED:
            self.assertNotIn(b"unning", completed.output)
        return standing

    def file(self, name: str, text: str) -> str:
        path = os.path.join(self.place, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path


class AllTests(SynchronousTestCase):
    """What is true of every one."""

    def test_contract(self) -> None:
        """Called without arguments or with a senseless action they say how they are called, and fail."""
        for name in sorted(os.listdir(CONF)):
            path = os.path.join(CONF, name)
            self.assertTrue(os.access(path, os.X_OK), name)
            for arguments in ((), ("a", "/b", "c", "dance"), ("a", "dance")):
                done = subprocess.run(["/bin/sh", path, *arguments], capture_output=True, timeout=30)
                self.assertEqual((done.returncode, done.stdout), (1, b""), (name, arguments))
                self.assertNotEqual(done.stderr, b"", name)


RC = """#!/bin/sh
cd {place}
echo "$1" >> log
case $1 in
{one}start) echo oops; [ -e broken ] && exit 1; touch up;;
{one}stop) [ -e broken ] || rm -f up;;
{one}status) [ -e up ] && echo "web is running as pid 7." && exit; echo "web is not running."; exit 1;;
rcvar) echo 'web_enable="YES"';;
*) exit 64;;
esac
"""


class ServiceTests(ScriptCase):
    """Service (resource-management.md section 8.2)."""

    agent = "Service"

    def setUp(self) -> None:
        super().setUp()
        self.environment.update(SERVICE_DIRS=f"{self.place}/none {self.place}/rc.d", SERVICE_WAIT="1")
        one = "one" if "bsd" in sys.platform else ""
        self.file("rc.d/web", RC.format(place=self.place, one=one))

    def log(self) -> list[str]:
        try:
            with open(os.path.join(self.place, "log")) as file:
                return [line.strip().removeprefix("one") for line in file if "rcvar" not in line]
        except FileNotFoundError:
            return []

    def test_life(self) -> None:
        """It is started, found running, stopped and found stopped."""
        self.assertIs(self.standing("web"), Standing.STOPPED)
        self.assertEqual(self.run1("web", "start").status, 0)
        self.assertIs(self.standing("web"), Standing.RUNNING)
        self.assertEqual(self.run1("web", "stop").status, 0)
        self.assertIs(self.standing("web"), Standing.STOPPED)

    def test_idempotent(self) -> None:
        """A running one is not started again, a stopped one not stopped."""
        self.assertEqual(self.run1("web", "stop").status, 0)
        self.run1("web", "start")
        self.run1("web", "start")
        self.assertEqual((self.log().count("start"), self.log().count("stop")), (1, 0))

    def test_startFails(self) -> None:
        """One that does not come up is a failure, with the last words of its script."""
        self.file("broken", "")
        completed = self.run1("web", "start")
        self.assertEqual(completed.status, 1)
        self.assertIn(b"oops", completed.errors)
        self.assertIn(b"does not run after 1 s", completed.errors)

    def test_stopFails(self) -> None:
        """One that stays is a failure."""
        self.run1("web", "start")
        self.file("broken", "")
        self.assertEqual(self.run1("web", "stop").status, 1)

    def test_missing(self) -> None:
        """Without script: start fails, stop succeeds, and it is stopped."""
        self.assertEqual(self.run1("nothing-of-the-kind", "start").status, 1)
        stopped = self.run1("nothing-of-the-kind", "stop")
        self.assertEqual(stopped.status, 0)
        self.assertIn(b"there is no script", stopped.errors)
        self.assertIs(self.standing("nothing-of-the-kind"), Standing.STOPPED)

    def test_noPath(self) -> None:
        """A name leads nowhere else."""
        self.assertEqual(self.run1("../rc.d/web", "status").status, 1)

    def test_otherSystem(self) -> None:
        """On FreeBSD the verbs are those that ignore rc.conf, and an enabled service is a warning."""
        self.file("bin/uname", "#!/bin/sh\necho FreeBSD\n")
        self.file("rc.d/web", RC.format(place=self.place, one="one"))
        completed = self.run1("web", "start")
        self.assertEqual(completed.status, 0)
        self.assertIn(b"WARNING: web is enabled on this system", completed.errors)
        self.assertIs(self.standing("web"), Standing.RUNNING)

    def test_otherName(self) -> None:
        """BSDService is the same."""
        self.agent = "BSDService"
        self.assertIs(self.standing("web"), Standing.STOPPED)

    def test_daemonKeepsOutput(self) -> None:
        """A daemon that keeps its output open does not keep ours."""
        text = RC.format(place=self.place, one="").replace(
            "touch up", "touch up; sleep 600 & echo $! > pid"
        )
        self.file("rc.d/web", text)
        if "bsd" in sys.platform:
            self.file("bin/uname", "#!/bin/sh\necho Linux\n")
        self.assertEqual(self.run1("web", "start").status, 0)
        with open(os.path.join(self.place, "pid")) as file:
            os.kill(int(file.read()), 9)


class DelayTests(ScriptCase):
    """Delay."""

    agent = "Delay"

    def test_life(self) -> None:
        """It remembers that it was started, for each list of arguments on its own."""
        self.assertIs(self.standing("0"), Standing.STOPPED)
        self.assertEqual(self.run1("0", "start").status, 0)
        self.assertIs(self.standing("0"), Standing.RUNNING)
        self.assertIs(self.standing("1", "0"), Standing.STOPPED)
        self.assertEqual(self.run1("0", "stop").status, 0)
        self.assertIs(self.standing("0"), Standing.STOPPED)

    def test_already(self) -> None:
        """What is done is not waited for again."""
        self.run1("0", "1000", "start")
        self.assertIn(b"already running", self.run1("0", "1000", "start").output)
        self.assertIn(b"already stopped", self.run1("1000", "1000", "stop").output)

    def test_nonsense(self) -> None:
        """Seconds are digits."""
        self.assertEqual(self.run1("soon", "start").status, 1)


class MailToTests(ScriptCase):
    """MailTo."""

    agent = "MailTo"

    def setUp(self) -> None:
        super().setUp()
        self.file("bin/mail", f'#!/bin/sh\necho "$*" > {self.place}/new; cat >> {self.place}/new\n'
                  f"mv {self.place}/new {self.place}/mail\n")  # fmt: skip

    def mail(self) -> str:
        """The mail that is sent; it may take a moment."""
        path = os.path.join(self.place, "mail")
        subprocess.run(
            ["/bin/sh", "-c", f"for i in 1 2 3 4 5 6 7 8 9; do [ -e {path} ] && exit; sleep 0.2; done"]
        )
        with open(path) as file:
            text = file.read()
        os.unlink(path)
        return text

    def test_life(self) -> None:
        """Mail goes out at start and stop, to everybody, with the whole subject."""
        arguments = ("root,ops@example.org", "Web_group")
        self.assertIs(self.standing(*arguments), Standing.STOPPED)
        self.assertEqual(self.run1(*arguments, "start").status, 0)
        text = self.mail()
        self.assertIn("-s Web_group Takeover in progress on", text)
        self.assertIn(" root ops@example.org", text.splitlines()[0])
        self.assertIs(self.standing(*arguments), Standing.RUNNING)
        self.run1(*arguments, "stop")
        self.assertIn("Web_group Migrating resource away from", self.mail())

    def test_unchanged(self) -> None:
        """Nothing goes out where nothing changes."""
        self.run1("root", "stop")
        self.run1("root", "start")
        self.mail()
        self.run1("root", "start")
        self.assertFalse(os.path.exists(os.path.join(self.place, "mail")))

    def test_noMail(self) -> None:
        """A node that cannot send mail still takes over."""
        os.unlink(os.path.join(self.place, "bin/mail"))
        for name in ("rm", "mkdir", "cksum", "tr", "uname"):
            found = shutil.which(name)
            assert found is not None
            os.symlink(found, os.path.join(self.place, "bin", name))
        self.environment["PATH"] = f"{self.place}/bin"
        self.assertEqual(self.run1("root", "start").status, 0)


class FilesystemTests(ScriptCase):
    """Filesystem, with a tmpfs in a mount namespace of its own."""

    agent = "Filesystem"

    def setUp(self) -> None:
        super().setUp()
        if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("unshare") is None:
            self.skipTest("this needs root, unshare and Linux")
        self.point = os.path.join(self.place, "data")
        os.makedirs(self.point)

    def all(self, *steps: str) -> list[str]:
        """Run shell lines in one namespace; C{fs x} runs the agent, and prints its exit status."""
        call = f"/bin/sh {CONF}/Filesystem"
        script = [
            f'fs() {{ {call} ours "$1" tmpfs size=64k "$2" 2>&1; echo "=$?"; }}',
            f"P={self.point}",
            *steps,
        ]
        done = subprocess.run(
            ["unshare", "-m", "/bin/sh", "-c", "\n".join(script)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.stdout.splitlines()

    def test_life(self) -> None:
        """Mounted, found mounted, mounted again without harm, unmounted."""
        said = self.all(
            "fs $P status", "fs $P start", "fs $P/ status", "fs $P start", "fs $P stop", "fs $P status"
        )
        self.assertEqual(
            [line for line in said if line.startswith("=")], ["=3", "=0", "=0", "=0", "=0", "=3"]
        )
        self.assertIn("(stopped)", said[0])
        self.assertIn(f"{self.point} is mounted (running)", said)

    def test_symlink(self) -> None:
        """A symbolic link to the mount point is the mount point."""
        said = self.all(
            "ln -s $P $P.link", "fs $P.link start", "fs $P status", "fs $P.link stop", "fs $P status"
        )
        self.assertEqual([line for line in said if line.startswith("=")], ["=0", "=0", "=0", "=3"])

    def test_similar(self) -> None:
        """A mount point with a similar name is another one."""
        said = self.all("mkdir $P.2", "fs $P.2 start", "fs $P status")
        self.assertEqual(said[-1], "=3")

    def test_other(self) -> None:
        """Mounted from another device is a failure."""
        said = self.all("mount -t tmpfs theirs $P", "fs $P start")
        self.assertIn("already mounted, from theirs", said[0])
        self.assertEqual(said[-1], "=1")

    def test_stopUnmounted(self) -> None:
        """Stopping what is not mounted succeeds, whatever is missing."""
        said = self.all("rmdir $P", "fs $P stop", "fs /no/such/place stop")
        self.assertEqual([line for line in said if line.startswith("=")], ["=0", "=0"])

    def test_noDirectory(self) -> None:
        """A missing mount point is a failed start."""
        self.assertEqual(self.all("rmdir $P", "fs $P start")[-1], "=1")

    def test_notADevice(self) -> None:
        """A device that is none is a failed start."""
        said = self.all(f"/bin/sh {CONF}/Filesystem /etc/passwd $P ext4 start 2>&1; echo =$?")
        self.assertEqual(said, ["ERROR: /etc/passwd is not a block device", "=1"])

    def test_busy(self) -> None:
        """Whoever uses it is ended."""
        if shutil.which("fuser") is None:
            self.skipTest("the program fuser is missing")
        said = self.all(
            "fs $P start", "(cd $P; exec sleep 600) & sleep 0.2", "fs $P stop", "fs $P status"
        )
        self.assertEqual([line for line in said if line.startswith("=")], ["=0", "=0", "=3"])
