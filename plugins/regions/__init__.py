"""The regions of Indonesia and where each institution lies; `hooks.py` is the table of contents."""
