"""One ledger of presence for room and online; `hooks.py` is the table of contents."""
