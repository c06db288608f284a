"""Processes that a benchmark measures: each reads a fleet and prints one JSON object on what that took."""
