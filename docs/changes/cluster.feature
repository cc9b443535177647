Two machines with heartbeat's three files form a cluster under ``twistd ha``, hold a shared address, and move it when one of them dies or when somebody asks.
