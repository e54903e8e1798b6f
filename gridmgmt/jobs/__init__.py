"""Long work: a queue in the database with leases, fencing tokens, progress and cancelling."""
