"""What the Makefile needs around the project: an installed virtual environment, a browser, checked exports."""
