"""People: accounts, names, and the lists that organisers hand in."""
