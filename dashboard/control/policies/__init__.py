"""Idle policies: made and changed, judged, run."""
