"""
A stranger on the wire: sends the datagrams it is given, again and again, to one address.

Usage: C{flood.py ADDRESS PORT COUNT RATE}; on standard input the datagrams, one a line, in hexadecimal.
C{RATE} is a second; 0 is as fast as it can.  It prints what it has sent and how many seconds that took.
"""

import socket
import sys
import time

BURST = 32


def main() -> None:
    address, port, count, rate = sys.argv[1], *map(int, sys.argv[2:])
    datagrams = [bytes.fromhex(line) for line in sys.stdin]
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    stranger.connect((address, port))
    start = time.monotonic()
    sent = 0
    while sent < count:
        for number in range(sent, min(sent + BURST, count)):
            stranger.send(datagrams[number % len(datagrams)])
        sent = min(sent + BURST, count)
        if rate:
            time.sleep(max(0.0, start + sent / rate - time.monotonic()))
    print(sent, time.monotonic() - start)


if __name__ == "__main__":
    main()
