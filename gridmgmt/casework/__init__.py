"""Work on cases: reporting, routing, moving through the chain against the clock, and the log of it all."""
