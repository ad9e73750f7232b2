SELECT coalesce(max(version), 0) FROM mxgrade.schema_version
