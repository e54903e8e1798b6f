"""Counts and rates of cases by area, body, type and time, each with the list of its cases."""
