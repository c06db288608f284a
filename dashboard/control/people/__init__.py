"""Who signs in, with which roles, and what is theirs: tokens, views, stars, tastes."""
