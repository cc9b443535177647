``cl_status`` comes along, with the original's commands, output and exit status, for systems that have no heartbeat package.
