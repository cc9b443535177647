"""
C{twistd ha}: the options, and the service they make.

C{postOptions} reads and checks everything, so that a mistake is told before anything is opened and
before twistd forks.  C{makeService} opens nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any

from twisted.application.service import IService
from twisted.python import usage

from twisted_ha.config.host import SystemHost
from twisted_ha.config.loading import exitStatus, load
from twisted_ha.config.model import ClusterConfig
from twisted_ha.errors import ConfigError
from twisted_ha.platform import choose

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """What C{twistd ha} understands."""

    synopsis = "[options]"
    longdesc = (
        "Runs one node of a heartbeat cluster: reads ha.cf, authkeys and haresources, speaks "
        "heartbeat's wire protocol, and moves the resource groups of a node that dies."
    )
    optFlags = [
        ["check", None, "Only check the configuration, say what it means, and exit (6 if it is bad)."],
    ]
    optParameters = [
        ["config-dir", "c", None, "Where ha.cf, authkeys and haresources are (default: by platform)."],
        ["state-dir", None, None, "Where generation and identity are kept (default: by platform)."],
        ["run-dir", None, None, "Where sockets and the guardian's note are (default: by platform)."],
        ["api", None, None, "Path of the API socket for hactl (default: RUN-DIR/twisted_ha.sock)."],
        ["manhole", None, None, "Path of a socket for a live Python prompt (default: none)."],
    ]

    def postOptions(self) -> None:
        """
        Load and validate everything.

        @raise SystemExit: with 0 after C{--check}, with 6 (or 4 without permission) when the
            configuration cannot be used; the complaints are on stderr then.
        """
        self.platform = choose()
        places = self.platform.directories
        self["config-dir"] = self["config-dir"] or places.config
        self["state-dir"] = self["state-dir"] or places.state
        self["run-dir"] = self["run-dir"] or places.run
        self["api"] = self["api"] or os.path.join(self["run-dir"], "twisted_ha.sock")
        self.host = SystemHost(self.platform.interface)
        self.uname = os.uname().nodename
        try:
            config = load(self["config-dir"], uname=self.uname, host=self.host)
        except ConfigError as error:
            _tell(str(error))
            raise SystemExit(exitStatus(error)) from None
        self.config: ClusterConfig = config
        if self["check"]:
            from twisted_ha.config.describe import describe

            sys.stdout.write(f"{describe(config)}\n")
            raise SystemExit(0)
        for complaint in config.warnings:
            _tell(complaint.render())


def _tell(text: str) -> None:
    """Write to the terminal, if there is one that somebody reads: nothing depends on that."""
    # Not sys.stderr, which twistd turns into a log.
    if sys.__stderr__ is not None:
        with suppress(OSError):
            sys.__stderr__.write(f"{text}\n")
            sys.__stderr__.flush()


def makeService(options: Options) -> IService:
    """
    The daemon as a service.  Opens nothing, since twistd may fork after it.

    The reactor's clock becomes the monotonic one here, before anything is scheduled: Twisted's own is
    the wall clock, and a step of that would delay or fire every deadline at once.
    """
    from twisted.internet import reactor

    from twisted_ha.daemon import Daemon
    from twisted_ha.places import Places

    anyReactor: Any = reactor
    anyReactor.seconds = time.monotonic
    daemon = Daemon(
        options.config,
        Places(
            config=options["config-dir"],
            state=options["state-dir"],
            run=options["run-dir"],
            api=options["api"],
            manhole=options["manhole"],
        ),
        reactor=anyReactor,
        platform=options.platform,
        host=options.host,
        uname=options.uname,
    )

    def failed(name: str, error: Exception) -> None:
        from twisted_ha.errors import HeartbeatError

        if isinstance(error, HeartbeatError):
            _tell(f"heartbeat did not start: {error}")
        else:
            import traceback

            _tell("".join(traceback.format_exception(error)))
        if anyReactor.running:
            anyReactor.stop()
        else:
            anyReactor.callWhenRunning(anyReactor.stop)
        # twistd has no way to end with a status of one's own choice
        anyReactor.addSystemEventTrigger("after", "shutdown", os._exit, 1)

    daemon.service.failed = failed

    def signals() -> None:
        signal.signal(
            signal.SIGHUP,
            lambda *_: anyReactor.callFromThread(
                lambda: daemon.reload().addErrback(lambda failure: None)
            ),
        )
        signal.signal(signal.SIGUSR1, lambda *_: anyReactor.callFromThread(daemon.debug, 1))
        signal.signal(signal.SIGUSR2, lambda *_: anyReactor.callFromThread(daemon.debug, -1))

    anyReactor.callWhenRunning(signals)
    service: IService = daemon.service
    return service
