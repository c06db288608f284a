"""The official Python client judges the simulator: it was written by others, against the real API."""
