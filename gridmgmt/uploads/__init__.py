"""Files that people give over HTTP: kept until they are taken, read as jobs, with what came of each and row errors."""
