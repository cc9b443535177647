"""
Opening a serial line as heartbeat sets it up (wire-protocol.md section 8.5).

pyserial opens the device and owns its descriptor; the line settings are ours, because the peer's
count: seven-bit input, carriage returns ignored, hardware flow control.
"""

from __future__ import annotations

import errno
import os
import stat
import termios
from collections.abc import Callable
from typing import Any

import serial

from twisted_ha.errors import MediumError

__all__ = ["RATES", "attributes", "openLine"]

RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800)
"""What C{baud} may be."""

_OFF_INPUT = ("IGNBRK", "ICRNL", "INLCR", "IXON", "IXOFF", "IXANY", "PARMRK", "IUCLC", "IGNPAR")
_ON_INPUT = ("INPCK", "ISTRIP", "IGNCR", "BRKINT")
_OFF_LOCAL = ("ICANON", "ECHO", "ECHOE", "ECHOK", "ECHONL", "ISIG", "IEXTEN")
# FreeBSD spells it in two bits: CCTS_OFLOW and CRTS_IFLOW.
_CRTSCTS: int = getattr(termios, "CRTSCTS", 0x00030000)


def _bits(*names: str) -> int:
    """The flags of those names, as far as this system has them."""
    together = 0
    for name in names:
        together |= getattr(termios, name, 0)
    return together


def attributes(present: list[Any], baud: int) -> list[Any]:
    """
    The C{termios} attributes of a heartbeat line.

    @param present: what C{tcgetattr} returned.
    @param baud: one of L{RATES}.
    """
    iflag, oflag, cflag, lflag, _, _, characters = present
    # Where the constant is missing (BSD), a rate is its own number.
    speed = getattr(termios, f"B{baud}", baud)
    characters = list(characters)
    characters[termios.VMIN] = 1
    characters[termios.VTIME] = 1
    return [
        (iflag & ~_bits(*_OFF_INPUT)) | _bits(*_ON_INPUT),
        oflag & ~_bits("OPOST"),
        (cflag & ~_bits("CSIZE", "PARENB", "PARODD", "CSTOPB"))
        | _bits("CS8", "CREAD", "CLOCAL")
        | _CRTSCTS,
        lflag & ~_bits(*_OFF_LOCAL),
        speed,
        speed,
        characters,
    ]


def openLine(device: str, baud: int, hint: str, users: Callable[[], list[str]]) -> serial.Serial:
    """
    Open C{device} and set it up.

    @param hint: what such devices are called here, for a message.
    @param users: tells what other programs have the device open, for people.
    @raise MediumError: it cannot be used, and why.
    """
    try:
        found = os.stat(device)
    except FileNotFoundError:
        raise MediumError(f"there is no device {device}; {hint}") from None
    except OSError as e:
        raise MediumError(f"{device} cannot be looked at: {e.strerror}") from None
    if not stat.S_ISCHR(found.st_mode):
        raise MediumError(f"{device} is not a character device; {hint}")
    try:
        _refuseOthers(device, hint, users)
        # exclusive: two of our daemons cannot both believe they have the line.
        line = serial.Serial(device, baud, timeout=0, exclusive=True)
    except (OSError, ValueError) as e:
        raise MediumError(_cannotOpen(device, e, hint)) from None
    try:
        assert line.fd is not None
        termios.tcsetattr(line.fd, termios.TCSANOW, attributes(termios.tcgetattr(line.fd), baud))
        termios.tcflush(line.fd, termios.TCIOFLUSH)
    except termios.error as e:
        line.close()
        raise MediumError(f"{device} cannot be set to {baud} baud: {e.args[-1]}; {hint}") from None
    return line


def _refuseOthers(device: str, hint: str, users: Callable[[], list[str]]) -> None:
    """
    A getty that has the line would read our peer's heartbeats, and answer them.  Looked for before
    anything is set, so as not to spoil its terminal.

    @raise MediumError: somebody else has the line, or it is none.
    @raise OSError: it cannot be opened.
    """
    fd = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        terminal = os.isatty(fd)
    finally:
        os.close(fd)
    if not terminal:
        raise MediumError(f"{device} cannot be used as a serial line; {hint}")
    others = users()
    if others:
        raise MediumError(
            f"{device} is in use by {', '.join(others)}; stop that program"
            " (a getty: its entry in inittab, or its serial-getty service)"
        )


def _cannotOpen(device: str, error: Exception, hint: str) -> str:
    number = getattr(error, "errno", None)
    if number in (errno.EACCES, errno.EPERM):
        return f"{device} may not be opened: no permission; start the daemon as root"
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
        return f"{device} is in use by another program; stop it"
    if number in (errno.ENXIO, errno.ENODEV, errno.EIO) or "Input/output error" in str(error):
        return f"{device} has no hardware behind it; {hint}"
    if number == errno.ENOENT:
        return f"there is no device {device}; {hint}"
    if number is None:
        return f"{device} cannot be used as a serial line; {hint}"
    return f"{device} cannot be opened: {os.strerror(number)}; {hint}"
