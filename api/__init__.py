"""The HTTP surface: routes, schemas, the tile route, the server's start."""
