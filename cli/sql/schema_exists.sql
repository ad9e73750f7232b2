SELECT to_regclass('mxgrade.schema_version') IS NOT NULL
