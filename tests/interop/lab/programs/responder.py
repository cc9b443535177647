"""
The service: answers every datagram to one address with the name of the machine it runs on.

The socket is bound to the address before the machine has it (IP_FREEBIND), so it answers from the very
moment the address arrives and is silent without it.

Usage: C{responder.py ADDRESS PORT [NAME]}.
"""

import contextlib
import socket
import sys

IP_FREEBIND = 15


def main() -> None:
    name = (sys.argv[3] if len(sys.argv) > 3 else socket.gethostname()).encode("ascii")
    service = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if sys.platform.startswith("linux"):
        service.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    service.bind((sys.argv[1], int(sys.argv[2])))
    print("ready", flush=True)
    while True:
        question, source = service.recvfrom(64)
        with contextlib.suppress(OSError):  # the address left between the question and the answer
            service.sendto(question + b" " + name, source)


if __name__ == "__main__":
    main()
