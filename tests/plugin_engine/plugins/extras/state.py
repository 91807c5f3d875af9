"""What the test wants this plugin to do."""

STATE: dict = {}
HEARD: list = []
