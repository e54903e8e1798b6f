"""Work calendars: when time limits run."""
