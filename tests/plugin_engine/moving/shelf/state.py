"""What the test wants this plugin to do while it is installed or upgraded."""

STATE: dict = {}
HEARD: list = []
