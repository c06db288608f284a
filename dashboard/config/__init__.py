"""Every setting of the environment: `base` has the table and reads one, the others read what belongs together."""
