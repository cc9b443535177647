"""
The guardian: a small program that stops what the daemon holds when the daemon dies or stalls.

It is one file, started by L{twisted_ha.guard.start} without site packages, and imports nothing of ours:
it has to be small, and to work when nothing else does.  Standard input brings one command a line from
the daemon, standard output takes the answers; words are separated by one blank and quoted as L{quote}
does::

    patience 28.5             stop everything when no beat came for so many seconds
    beat 4711.25              the daemon lived at this time of the clock
    hold 4711.3               a list of what is held begins
    group KEY                 a group; the lines up to the next one belong to it
    environment NAME=value    for the commands that follow
    stop 60 - /sbin/x a b     a command: deadline in seconds, name to be told (or -), program, arguments
    held                      the list is complete, and replaces the former one
    ask                       answer, when all that came before has been read and acted upon
    goodbye                   the daemon has left: nothing is to be released

    here                      the answer
    releasing 31.7            no beat came for so many seconds, and what is held is being stopped
    failed KEY ...            these would not stop
    released 31.7 KEY ...     done with these after so many seconds without beat, failed ones included

A beat carries the time at which it was made, so that it is the daemon's silence that is measured, and
not how late this process reads.  The clock counts the time a suspended machine slept: its peer counted
it too.
"""

# ruff: noqa: SIM105 - contextlib would cost memory

from __future__ import annotations

import fcntl
import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    # The module "signal" brings "enum" along, which is a tenth of this process's memory.
    try:
        import _signal as signal
    except ImportError:
        import signal

LOCK = "guardian.lock"
NOTE = "guardian.note"
GRACE = 2.0
MERCY = 0.2
ATTEMPTS = 3
PAUSE = 0.5

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@+")


def now() -> float:
    """Seconds of a clock that nobody can set and that all processes of this machine share."""
    return time.clock_gettime(_CLOCK)


def bootIdentity() -> str:
    """What tells this life of the machine from its others; empty where the kernel does not say."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def quote(word: str) -> str:
    """C{word} without blanks and line ends: other bytes as C{%20}; an empty word as C{%}."""
    if word and _PLAIN.issuperset(word):
        return word
    if not word:
        return "%"
    return "".join(
        character
        if character in _PLAIN
        else "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in word
    )


def unquote(text: str) -> str:
    """The word that L{quote} made C{text} of."""
    if "%" not in text or text == "%":
        return text.replace("%", "")
    head, *parts = text.split("%")
    data = head.encode()
    for part in parts:
        data += bytes([int(part[:2], 16)]) + part[2:].encode()
    return data.decode("utf-8", "surrogateescape")


def line(*words: str) -> str:
    """One line of the protocol."""
    return " ".join(quote(word) for word in words) + "\n"


class Stop:
    """
    One command.

    @ivar deadline: seconds until it is ended by force.
    """

    def __init__(self, deadline: float, name: str, argv: list[str], environment: dict[str, str]) -> None:
        self.deadline = deadline
        self.name = name
        self.argv = argv
        self.environment = environment


class Group:
    """
    A group that is held.

    @ivar state: C{held}, C{released} or C{failed}.
    """

    def __init__(self, key: str, state: str = "held") -> None:
        self.key = key
        self.state = state
        self.stops: list[Stop] = []


class Listing:
    """Reads the lines of a list of groups, in a note or in a C{hold}."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self._environment: dict[str, str] = {}

    def read(self, words: list[str]) -> None:
        """
        Take one line.

        @raise ValueError: it makes no sense here.
        @raise IndexError: it is too short.
        """
        if words[0] == "group":
            self.groups.append(Group(words[1], words[2] if len(words) > 2 else "held"))
        elif words[0] == "environment":
            self._environment = dict(_pair(word) for word in words[1:])
        elif words[0] == "stop":
            name = words[2] if words[2] != "-" else words[3]
            self.groups[-1].stops.append(Stop(float(words[1]), name, words[3:], self._environment))
        else:
            raise ValueError(words[0])


def _pair(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def listing(groups: list[Group]) -> str:
    """The lines of C{groups}; an environment is written where it differs from the one before."""
    text = []
    environment: dict[str, str] | None = None
    for group in groups:
        text.append(line("group", group.key, group.state))
        for stop in group.stops:
            if stop.environment is not environment:
                environment = stop.environment
                text.append(
                    line("environment", *(f"{name}={value}" for name, value in environment.items()))
                )
            name = "-" if stop.name == stop.argv[0] else stop.name
            text.append(line("stop", repr(stop.deadline), name, *stop.argv))
    return "".join(text)


def noteText(state: str, pid: int, silent: float, groups: list[Group]) -> str:
    """
    The note for the next daemon.

    @param state: C{held}, C{releasing} or C{released}.
    """
    return (
        line("guardian-note", "1")
        + line("state", state)
        + line("pid", str(pid))
        + line("boot", bootIdentity())
        + line("clock", f"{now():.3f}")
        + line("wall", f"{time.time():.3f}")
        + line("silent", f"{silent:.3f}")
        + listing(groups)
    )


def writeNote(directory: str, text: str) -> None:
    """
    Replace the note in one step.

    @raise OSError: it could not be written; the old one is whole.
    """
    path = os.path.join(directory, NOTE)
    temporary = f"{path}.{os.getpid()}"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)
    os.replace(temporary, path)


class Guardian:
    """What this process knows."""

    def __init__(self, directory: str, patience: float) -> None:
        self._directory = directory
        self._patience = patience
        self._heard = now()
        self._held: list[Group] = []
        self._scripts: set[int] = set()
        self._listing: Listing | None = None
        self._listedAt = 0.0
        self._buffer = b""
        self._over = False
        self._scribe = 0
        self._null = os.open(os.devnull, os.O_RDWR)
        self._lock = os.open(os.path.join(directory, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        self._locked = False

    def run(self) -> None:
        """Until goodbye, or until the daemon is gone and everything is stopped."""
        waiting = select.poll()
        waiting.register(0, select.POLLIN)
        while not self._over:
            self._takeLock()
            timeout: int | None = None
            if self._held:
                left = self._heard + self._patience - now()
                timeout = max(0, int(left * 1000) + 1)
            waiting.poll(timeout)
            # All that has come is read before silence is judged: this process may be the late one.
            self._readAll()
            silent = now() - self._heard
            if self._held and not self._over and silent > self._patience:
                self._release(silent)
        self._waitForScribe()

    def _takeLock(self) -> None:
        """Held as long as this process lives, so that the next daemon can wait for its end."""
        if not self._locked:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._locked = True
            except OSError:
                pass  # an older guardian is still at work

    def _readAll(self) -> None:
        while not self._over:
            try:
                data = os.read(0, 65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._over = True
                if self._held:
                    self._release(now() - self._heard)
                return
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            for text in lines:
                if not self._over:
                    try:
                        self._command([unquote(word) for word in text.decode().split(" ")])
                    except (ValueError, IndexError) as error:
                        self._listing = None
                        self._say("misunderstood", str(error))

    def _command(self, words: list[str]) -> None:
        name = words[0]
        if name == "beat":
            at = float(words[1])
            self._gap(at)
            self._heard = max(self._heard, at)
        elif name == "patience":
            self._patience = float(words[1])
        elif name == "hold":
            self._listedAt = float(words[1])
            self._gap(self._listedAt)
            self._listing = Listing()
        elif name == "held":
            if self._listing is not None:
                if not self._held:  # from here on there is something to be silent about
                    self._heard = max(self._heard, self._listedAt)
                self._held = self._listing.groups
                self._listing = None
        elif name == "script":
            self._scripts.add(_processGroup(words[1]))
        elif name == "ended":
            self._scripts.discard(_processGroup(words[1]))
        elif name == "ask":
            self._say("here")
        elif name == "goodbye":
            self._over = True
        elif self._listing is not None:
            self._listing.read(words)
        else:
            raise ValueError(name)

    def _gap(self, at: float) -> None:
        """The daemon speaks again: was it silent for so long that its peer has taken over?"""
        if self._held and at - self._heard > self._patience:
            self._release(at - self._heard)

    def _release(self, silent: float) -> None:
        """Stop everything, in order; a failed stop is tried again after all others had their turn."""
        groups, self._held = self._held, []
        self._note("releasing", silent, groups)
        self._say("releasing", f"{silent:.3f}")
        self._endScripts()
        failed = set()
        left = [(group, stop) for group in groups for stop in group.stops]
        for attempt in range(ATTEMPTS):
            again = []
            for group, stop in left:
                stopped = self._stopped(stop)
                if stopped is None or (not stopped and attempt == ATTEMPTS - 1):
                    failed.add(group.key)
                elif not stopped:
                    again.append((group, stop))
            left = again
            if not left:
                break
            time.sleep(PAUSE)
        for group in groups:
            group.state = "failed" if group.key in failed else "released"
        self._waitForScribe()
        self._note("released", silent, groups)
        self._heard = max(self._heard, now())
        if failed:
            self._say("failed", *sorted(failed))
        self._say("released", f"{silent:.3f}", *(group.key for group in groups))

    def _endScripts(self) -> None:
        """
        End the daemon's own scripts that are under way.

        Briefly asked, then made to: the peer does not wait for them.  While the daemon is held it buries
        nobody, so that its dead scripts look alive.
        """
        scripts, self._scripts = self._scripts, set()
        for number, seconds in ((signal.SIGTERM, MERCY), (signal.SIGKILL, MERCY / 4)):
            for group in scripts:
                _kill(group, number)
            end = now() + seconds
            while now() < end and any(_lives(group) for group in scripts):
                time.sleep(0.005)

    def _stopped(self, stop: Stop) -> bool | None:
        """
        Run one command in a process group of its own, to its end or to its deadline.

        @return: whether it succeeded; L{None} if it had to be ended, and shall not have that time again.
        """
        child = os.fork()
        if child == 0:
            self._become(stop)
        try:
            os.setpgid(child, child)
        except OSError:
            pass  # the child was quicker
        status = _await(child, stop.deadline)
        if status is None:
            _kill(child, signal.SIGTERM)
            status = _await(child, GRACE)
            _kill(child, signal.SIGKILL)
            if status is None:
                _await(child, GRACE)  # unkillable in the kernel: go on without it
            return None
        return status == 0

    def _become(self, stop: Stop) -> None:
        """In the child: turn into the command."""
        try:
            os.setpgid(0, 0)
            os.chdir("/")
            os.umask(0o022)
            for descriptor in (0, 1, 2):
                os.dup2(self._null, descriptor)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            if hasattr(os, "sched_setscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            os.execve(stop.argv[0], [stop.name, *stop.argv[1:]], stop.environment)
        except OSError as error:
            if error.errno == 8:  # ENOEXEC: a script without "#!" line
                try:
                    os.execve("/bin/sh", ["/bin/sh", *stop.argv], stop.environment)
                except OSError:
                    pass
        finally:
            os._exit(127)

    def _note(self, state: str, silent: float, groups: list[Group]) -> None:
        """
        Have the note written by another process: a disk that does not answer may be what the daemon died
        of, and must not keep us from stopping anything.
        """
        text = noteText(state, os.getpid(), silent, groups)
        try:
            self._scribe = os.fork()
        except OSError:
            self._scribe = 0
            return
        if self._scribe == 0:
            try:
                writeNote(self._directory, text)
            finally:
                os._exit(0)

    def _waitForScribe(self) -> None:
        if self._scribe:
            _await(self._scribe, GRACE)
            self._scribe = 0

    def _say(self, *words: str) -> None:
        try:
            os.write(1, line(*words).encode())
        except OSError:
            pass  # there is nobody left to tell


def _await(child: int, seconds: float) -> int | None:
    """@return: how the child ended, as from C{waitpid}; L{None} if it has not, in C{seconds}."""
    end = now() + seconds
    while True:
        try:
            found, status = os.waitpid(child, os.WNOHANG)
        except ChildProcessError:
            return 0
        if found:
            return status
        left = end - now()
        if left <= 0:
            return None
        # SIGCHLD is blocked and waits for us here, so an exit between the two calls is not missed.
        signal.sigtimedwait([signal.SIGCHLD], left)


def _kill(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except OSError:
        pass


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def _processGroup(word: str) -> int:
    """@raise ValueError: it is none, or one whose end would be everybody's."""
    group = int(word)
    if group <= 1:
        raise ValueError(word)
    return group


def main(argv: list[str]) -> int:
    """C{start.py <directory> <patience>}."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    # With a handler, though it is never called: FreeBSD drops a blocked signal whose default is nothing.
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGCHLD])
    try:
        os.setsid()  # signals to the daemon's process group or terminal are not for us
    except OSError:
        pass
    os.set_blocking(0, False)
    guardian = Guardian(argv[1], float(argv[2]))
    os.chdir("/")
    guardian.run()
    return 0
