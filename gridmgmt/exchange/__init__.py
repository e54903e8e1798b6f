"""Exchange of work orders with the 12345 hotline: taken in once, told back in order, compared every day."""
