"""What is known of an environment's use, and what is never stopped for being idle. `control.idle` decides."""
