"""`python -m core` is the program `bimtek`."""

from core.cli import main

main()
