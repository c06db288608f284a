"""The fleet's history in the database, rolled up, and what it cost."""
