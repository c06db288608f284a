"""Words that several tests share."""

NOBODY = "01900000-0000-7000-8000-000000000000"
