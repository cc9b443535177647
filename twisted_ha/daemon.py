"""What one daemon is made of, and in which order it lives."""

from __future__ import annotations

import gc
import os
import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.logger import globalLogPublisher

from twisted_ha.agents.environment import resourceState, scriptEnvironment
from twisted_ha.agents.process import groupSpawner
from twisted_ha.agents.registry import AgentRegistry
from twisted_ha.agents.runner import ProcessRunner
from twisted_ha.assembly import LocalNode, Surroundings, assemble
from twisted_ha.bus import EventBus
from twisted_ha.config.host import IHostQueries
from twisted_ha.config.loading import load
from twisted_ha.config.model import ClusterConfig
from twisted_ha.control import NodeControl
from twisted_ha.doors import Doors
from twisted_ha.errors import ConfigError, StateError
from twisted_ha.events import (
    ConfigurationRefused,
    DaemonNotStarted,
    DaemonStarted,
    DaemonStopped,
    Event,
    GroupAcquired,
    GroupChanging,
    GroupFailed,
    GroupReleased,
    GroupReleaseFailed,
    Notice,
    ProcessStarted,
    ShutdownRequested,
    Warned,
)
from twisted_ha.fencing.registry import buildFencer
from twisted_ha.guard.note import forget, recover
from twisted_ha.guard.parent import Guardian
from twisted_ha.media.registry import buildMedia
from twisted_ha.media.service import MediaService
from twisted_ha.observe.hooks import NEVER
from twisted_ha.observe.incident import IncidentDirectory
from twisted_ha.observe.lines import LineFormat
from twisted_ha.observe.log import EventEmitter, HaLog, LoggerBridge
from twisted_ha.observe.metrics import Metrics
from twisted_ha.observe.notify import Notifier
from twisted_ha.observe.recorder import Recorder
from twisted_ha.operations import Completed
from twisted_ha.places import Places
from twisted_ha.platform.addresses import chooseAddresses
from twisted_ha.platform.interface import IPlatform
from twisted_ha.reload import Reloader
from twisted_ha.service import OrderedServices, Step
from twisted_ha.shipped import shippedScripts
from twisted_ha.state.files import StateDirectory
from twisted_ha.state.peerstore import PeerStore
from twisted_ha.version import VERSION
from twisted_ha.watchdog import Watchdog
from twisted_ha.wire.message import Message

__all__ = ["Daemon"]

RECOVERY_LIMIT = 60.0
"""Seconds a new daemon waits for the release that an old one's guardian has begun."""


class Daemon:
    """
    One node of the cluster as a process.

    Nothing is opened before L{service} is started.

    @ivar doors: by which people and programs come in; there once the cluster step has begun.
    """

    doors: Doors

    def __init__(
        self,
        config: ClusterConfig,
        places: Places,
        *,
        reactor: Any,
        platform: IPlatform,
        host: IHostQueries,
        uname: str,
        wallClock: Callable[[], float] = time.time,
    ) -> None:
        """
        @param reactor: its clock is the monotonic one already.
        @param uname: what this machine calls itself.
        """
        self.config = config
        self.places = places
        self._reactor = reactor
        self._platform = platform
        self._host = host
        self._uname = uname
        self._wallClock = wallClock
        self.bus = EventBus(reactor)
        self.node: LocalNode | None = None
        self.control: NodeControl | None = None
        self._log: HaLog | None = None
        self._recorder: Recorder | None = None
        self._state: StateDirectory | None = None
        self._peers: PeerStore | None = None
        self._guardian: Guardian | None = None
        self._media: MediaService | None = None
        self._notifier: Notifier | None = None
        self._metrics: Metrics | None = None
        self._watchdog = Watchdog(config, platform, self.bus)
        self._reloader: Reloader | None = None
        self._bridge: LoggerBridge | None = None
        self._runner = ProcessRunner(groupSpawner(reactor), reactor)
        self._leftStanding: set[str] = set()
        self._load = (float("-inf"), "n/a")
        self.service = OrderedServices(
            [
                Step("log", self._startLog, self._stopLog),
                Step("state directory", self._startState, self._stopState),
                Step("recovery", self._recover, lambda: None),
                Step("guardian", self._startGuardian, self._stopGuardian),
                Step("media", self._startMedia, self._stopMedia),
                Step("watchdog", self._watchdog.start, self._watchdog.stop),
                Step("cluster", self._startNode, self._stopNode),
                Step("API", lambda: self.doors.openApi(), lambda: self.doors.closeApi()),
                Step("manhole", lambda: self.doors.openManhole(), lambda: self.doors.closeManhole()),
                Step(
                    "client API", lambda: self.doors.openClientApi(), lambda: self.doors.closeClientApi()
                ),
                Step("respawn", lambda: self.doors.startPrograms(), lambda: self.doors.stopPrograms()),
                Step("priority", self._settle, lambda: None),
                Step("resources", lambda: None, self._leave),
            ]
        )

        self.service.trouble = self._notStarted

    def _notStarted(self, step: str, error: Exception) -> None:
        self.bus.publish(DaemonNotStarted(step=step, reason=str(error)))

    # ---- log, state, recovery ------------------------------------------------------------------

    def _startLog(self) -> None:
        logging = self.config.logging
        self._log = HaLog(logging, wallClock=self._wallClock, host=self._uname)
        self._bridge = LoggerBridge(self._log)
        globalLogPublisher.addObserver(self._bridge)
        incidents = None
        if logging.logfile:
            directory = os.path.join(os.path.dirname(logging.logfile) or ".", "ha-incidents")
            with suppress(OSError):
                os.makedirs(directory, 0o755, exist_ok=True)
            lines = LineFormat(syslogStyle=logging.syslogFormat, host=self._uname)
            incidents = IncidentDirectory(directory, lines)
        self._recorder = Recorder(clock=self._reactor, wallClock=self._wallClock, incidents=incidents)
        self.bus.subscribe(self._log)
        self.bus.subscribe(EventEmitter(globalLogPublisher, self._wallClock))
        self.bus.subscribe(self._recorder)
        for complaint in self.config.warnings:
            self.bus.publish(Warned(message=complaint.render()))
        self.bus.publish(DaemonStarted(version=VERSION, product="twisted_ha"))

    def _stopLog(self) -> None:
        self.bus.publish(DaemonStopped(node=self.config.localNode))
        if self._recorder is not None:
            self._recorder.close()
        if self._bridge is not None:
            globalLogPublisher.removeObserver(self._bridge)
        if self._log is not None:
            self._log.close()

    def _startState(self) -> None:
        self._makeDirectory(self.places.run, 0o755)
        self._state = StateDirectory(self.places.state, wallClock=self._wallClock)
        self._state.prepare()
        self._state.lock()
        scratch = self._scratch()
        shutil.rmtree(scratch, ignore_errors=True)
        self._makeDirectory(scratch, 0o1777)

    def _stopState(self) -> None:
        if self._state is not None:
            self._state.unlock()

    def _scratch(self) -> str:
        return resourceState(self.places)

    def _makeDirectory(self, path: str, mode: int) -> None:
        try:
            if not os.path.isdir(path):
                os.makedirs(path, mode)
                os.chmod(path, mode)
        except OSError as error:
            raise StateError(
                f"cannot make {path}: {error.strerror}; make it by hand, or name another directory"
            ) from error

    async def _recovered(self) -> None:
        found = await recover(self.places.run, self._reactor, RECOVERY_LIMIT)
        if found.released:
            self.bus.publish(
                Notice(
                    message="the guardian of an earlier daemon released "
                    f"{', '.join(found.released)} after {found.silentFor:.2f} s of silence"
                )
            )
        for group in found.standing:
            self.bus.publish(
                Warned(message=f"{group.key} may still run here since an earlier daemon: stopping it")
            )
            for stop in group.stops:
                done: Completed = await self._runner.run(stop)
                if not done.succeeded:
                    words = done.errors.decode("utf-8", "replace").strip()
                    self.bus.publish(Warned(message=f"{stop}: exit status {done.status} {words}"))
                    self._leftStanding.add(group.key)
        with suppress(OSError):
            forget(self.places.run)

    def _recover(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._recovered())

    def _startGuardian(self) -> None:
        timers = self.config.timers
        self._guardian = Guardian(
            spawnProcess=self._reactor.spawnProcess,
            clock=self._reactor,
            bus=self.bus,
            directory=self.places.run,
            patience=timers.deadtime - timers.keepalive,
        )
        self._guardian.start()

    def _settle(self) -> None:
        # What is loaded now stays: no use in looking through it for garbage again and again, which
        # would take milliseconds in the middle of anything.
        gc.collect()
        gc.freeze()
        if not self.config.realtime:
            return
        for lost in (
            self._platform.lockMemory(),
            self._platform.raisePriority(self.config.rtprio),
        ):
            if lost:
                self.bus.publish(Notice(message=lost))

    def _stopGuardian(self) -> Deferred[None] | None:
        return self._guardian.stop() if self._guardian is not None else None

    # ---- the node ------------------------------------------------------------------------------

    def _startMedia(self) -> None:
        assert self._state is not None and self._guardian is not None
        media = buildMedia(self.config, self._platform, self._reactor, self.bus)
        environment = dict(scriptEnvironment(self.config, self.places, os.environ))
        runner = ProcessRunner(groupSpawner(self._reactor), self._reactor, watch=self._guardian.script)
        agents = AgentRegistry(
            config=self.config,
            runner=runner,
            clock=self._reactor,
            bus=self.bus,
            environment=environment,
            addresses=chooseAddresses(self._reactor, runner, environment),
            initDirectories=self._platform.directories.initScripts,
            ownScripts=shippedScripts(),
        )
        generation = self._state.nextGeneration(fromClock=self.config.generationFromClock)
        for warning in self._state.warnings:
            self.bus.publish(Warned(message=warning))
        self.bus.publish(ProcessStarted(generation=generation))
        self._peers = PeerStore(
            self._state,
            self.bus,
            inThread=partial(deferToThreadPool, self._reactor, self._reactor.getThreadPool()),
        )
        uuid = self._state.uuid(name=self.config.localNode if self.config.uuidFromName else None)
        self.node = assemble(
            self.config,
            Surroundings(
                clock=self._reactor,
                wallClock=self._wallClock,
                random=random.Random(),
                media=media,
                agents=agents,
                fencer=buildFencer(
                    self.config,
                    runner=self._runner,
                    clock=self._reactor,
                    bus=self.bus,
                    environment=environment,
                    run=self.places.run,
                ),
                guardian=self._guardian,
                generation=generation,
                uuid=uuid,
                marks=self._peers,
                loadAverage=self._loadAverage,
                bus=self.bus,
                beat=self._watchdog.beat,
            ),
        )
        self.node.resources.worker.suspect(
            self._leftStanding, "left by an earlier daemon, and would not stop"
        )
        self._reloader = Reloader(
            self.node,
            read=partial(load, self.places.config, uname=self._uname, host=self._host),
            log=self._log,
            guardian=self._guardian,
        )
        assert self._recorder is not None
        self.control = NodeControl(
            self.node,
            recent=self._recorder.recent,
            reload=self.reload,
            guardian=lambda: "watching" if self.node and self.node.resources.board.mine else "idle",
            warnings=[one.message for one in self.config.warnings],
        )
        self._notifier = Notifier(
            directory=self.places.config,
            runner=self._runner,
            bus=self.bus,
            environment=lambda: environment,
        )
        self.bus.subscribe(self._notifier)
        self.bus.subscribe(self._moving)
        self._metrics = Metrics(self.control.status)
        self.bus.subscribe(self._metrics)
        self.node.core.observe(self._heard, but=NEVER)
        self._media = MediaService(media, self.node.core.receiver)
        self._media.startService()

    def _loadAverage(self) -> str:
        # The kernel counts every five seconds, in which there may be a hundred beats.
        now = self._reactor.seconds()
        if now - self._load[0] >= 5.0:
            self._load = (now, self._platform.loadAverage())
        return self._load[1]

    def _heard(self, header: object, message: Message, local: bool) -> None:
        if self._notifier is not None and message.get("dest") in (None, self.config.localNode):
            self._notifier.messageReceived(message)

    def _moving(self, event: Event, when: float) -> None:
        # an event script never runs beside a resource's script (resource-management.md section 5.1)
        if self._notifier is None or self.node is None:
            return
        if isinstance(event, GroupChanging):
            self._notifier.pause()
        elif isinstance(event, GroupAcquired | GroupReleased | GroupFailed | GroupReleaseFailed):
            self._reactor.callLater(0, self._resumeScripts)

    def _resumeScripts(self) -> None:
        if self._notifier is None or self.node is None:
            return
        if self.node.resources.worker.settled():
            self._notifier.resume()

    async def _closeMedia(self) -> None:
        if self._notifier is not None:
            await self._notifier.close()
        if self._media is not None:
            await self._media.stopService()

    def _stopMedia(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._closeMedia())

    def _startNode(self) -> None:
        assert self.node is not None and self.control is not None and self._metrics is not None
        self.doors = Doors(
            self.node,
            self.control,
            config=self.config,
            places=self.places,
            reactor=self._reactor,
            platform=self._platform,
            bus=self.bus,
            wallClock=self._wallClock,
            metrics=self._metrics.render,
        )
        self.node.start()

    def _stopNode(self) -> Deferred[None]:
        assert self.node is not None and self._peers is not None
        self.node.kill()
        return self._peers.settled()

    def _leave(self) -> Deferred[None] | None:
        if self.node is None:
            return None
        self.bus.publish(ShutdownRequested(pid=os.getpid()))
        return self.node.stop()

    # ---- signals -------------------------------------------------------------------------------

    def reload(self) -> Deferred[str]:
        """
        Read the configuration again and apply what changed (SIGHUP, C{hactl reload}).

        @return: fires with what changed, for people; fails with L{ConfigError} when it cannot be used.
        """
        if self._reloader is None:
            return succeed("nothing yet: the daemon is still starting")
        try:
            changes = self._reloader.reload()
        except ConfigError as error:
            self.bus.publish(ConfigurationRefused(complaint=str(error)))
            return fail(error)
        self.config = self._reloader.config
        self.doors.permit(self.config)
        return succeed(changes)

    def debug(self, by: int) -> None:
        """Raise or lower the debug level (SIGUSR1, SIGUSR2)."""
        if self._log is not None:
            self._log.debugLevel = max(0, self._log.debugLevel + by)
            message = f"debug now set to {self._log.debugLevel} [pid {os.getpid()}]"
            self.bus.publish(Notice(message=message))
