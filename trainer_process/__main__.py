"""`python -m trainer_process`: the command line, and what a host starts."""

from __future__ import annotations

from trainer_process.cli import main

if __name__ == "__main__":
    main()
