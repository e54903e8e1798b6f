"""Editions: what was imported when, from where, in force from which date; and the data folder's metric CRS."""
