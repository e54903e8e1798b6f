"""Reports: one coverage document as JSON, HTML, XLSX and GeoJSON, exact or in the public form."""
