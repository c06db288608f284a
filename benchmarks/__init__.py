"""Measurements side by side with others, each a ratio: `make bench`. How to read them: docs/benchmarks.md."""
