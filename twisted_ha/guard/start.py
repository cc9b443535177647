"""
The guardian's script, run by its path and without site packages.

There is no more in it because Python compiles a script anew at each start, and keeps the memory that
took: for all of the guardian it was a megabyte, a tenth of the process.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])

from child import main  # type: ignore[import-not-found]

if __name__ == "__main__":
    sys.exit(main(sys.argv))
