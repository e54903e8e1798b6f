"""Cases as services and requests of Open311 GeoReport v2."""
