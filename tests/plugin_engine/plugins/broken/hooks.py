"""Cannot be imported."""

import no_such_module  # noqa: F401 -- it is not there on purpose
