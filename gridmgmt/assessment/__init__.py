"""Assessment of streets and of departments: schemes, rounds, evidence, vetoes, ranking, and the signed result."""
