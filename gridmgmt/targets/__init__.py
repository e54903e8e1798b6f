"""Plan targets and how far their points are, renewal projects, and yearly budgets of areas with their bounds."""
