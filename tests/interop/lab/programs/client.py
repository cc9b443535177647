"""
The user of the service: asks an address every 2 ms and writes down every answer.

One line an answer on standard output: when it was asked, when it was answered (monotonic seconds), and
by whom.  It writes in batches, so that writing does not disturb the asking.  Ends at end of its input.

Usage: C{client.py ADDRESS PORT INTERVAL}.
"""

import contextlib
import select
import socket
import sys
import time


def main() -> None:
    target = (sys.argv[1], int(sys.argv[2]))
    interval = float(sys.argv[3])
    user = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    user.setblocking(False)
    print("ready", flush=True)
    lines: list[str] = []
    following = time.monotonic()
    flushAt = following + 0.05
    while True:
        present = time.monotonic()
        if present >= following:
            with contextlib.suppress(OSError):  # nobody there: that silence is what we measure
                user.sendto(b"%.6f" % present, target)
            following = max(following + interval, present)
        if lines and present >= flushAt:
            sys.stdout.write("".join(lines))
            sys.stdout.flush()
            lines.clear()
        if present >= flushAt:
            flushAt = present + 0.05
        readable, _, _ = select.select(
            [user.fileno(), 0], [], [], max(0.0, following - time.monotonic())
        )
        if 0 in readable:
            break
        if user.fileno() in readable:
            try:
                asked, _, name = user.recv(256).partition(b" ")
            except OSError:
                continue  # an ICMP error about an earlier question
            lines.append(f"{asked.decode()} {time.monotonic():.6f} {name.decode()}\n")
    sys.stdout.write("".join(lines))


if __name__ == "__main__":
    main()
