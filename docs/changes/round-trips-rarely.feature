The round trip of each link to a node of ours is measured every 60 seconds instead of every 30: at keepalive 2 s these questions and answers were a fifth of all messages.
