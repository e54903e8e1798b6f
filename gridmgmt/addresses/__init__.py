"""The gazetteer: places with names, addresses, aliases and history; search, geocoding both ways, matching of tables."""
