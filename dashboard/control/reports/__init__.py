"""The fleet's daily reports."""
