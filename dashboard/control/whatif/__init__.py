"""What a policy would have done, replayed over the record."""
