Between two nodes of ours one message in a hundred is acknowledged instead of one in ten: a tenth fewer messages. A node of heartbeat 3.0.6 has every tenth acknowledged as before.
