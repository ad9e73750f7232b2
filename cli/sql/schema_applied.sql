-- $1 version.
INSERT INTO mxgrade.schema_version (version) VALUES ($1)
