"""Coverage runs: who reaches a service point on foot within a limit, by area, age band and place."""
