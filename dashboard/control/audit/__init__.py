"""What happened here, in a chain that shows when something of it is missing or was changed."""
