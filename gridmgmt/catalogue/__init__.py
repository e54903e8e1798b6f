"""The catalogue of cases: classes, types, filing conditions, departments, and the lists of matters they hold."""
