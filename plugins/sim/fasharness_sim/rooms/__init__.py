"""Where a capture takes place: rooms, what stands in them, and their light."""
