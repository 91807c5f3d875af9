"""The pages by which organisers and committees run a class."""
