make interop tells every story with every setting beside heartbeat 3.0.6, or those that are asked for, and prints a table of what was seen, with two originals beside it on request.
