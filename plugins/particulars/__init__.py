"""What official training asks beyond core; `hooks.py` is the table of contents."""
