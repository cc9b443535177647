The daemon and its guardian need about a seventh less processor time than before, and the daemon a megabyte less memory.
