"""Pages people look at: folium maps and the console's source."""
