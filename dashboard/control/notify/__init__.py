"""What people are told: written first, sent by a job, to channels and owners."""
