"""What programs are told: events found, owed, sent and signed."""
