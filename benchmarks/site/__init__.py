"""The dashboard with what it is measured against behind the same middleware: bare views and Django's admin."""
