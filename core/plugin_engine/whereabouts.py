"""Says where a plugin's code failed: the kind of error, the file and the line, never its words.

The words of an error may carry people's data; they belong into the masked log only.
"""

import traceback
from pathlib import Path


def where_it_failed(error: BaseException, folder: Path) -> str:
    """`"KeyError (panels.py, line 12)"`, with the last place inside the plugin's folder."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    kind = type(getattr(error, "orig", None) or error).__name__
    return f"{kind} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else kind
