-- One upgrade at a time in a database; the lock goes with the transaction. Then what the first needs.
BEGIN;
SELECT pg_advisory_xact_lock(hashtext('mxgrade_schema'));
DO $$
BEGIN
    IF to_regclass('mxgrade.schema_version') IS NULL THEN
        IF to_regnamespace('mxgrade') IS NULL THEN
            CREATE SCHEMA mxgrade;
        END IF;
        CREATE TABLE mxgrade.schema_version (
            version     integer PRIMARY KEY,
            applied_at  timestamptz NOT NULL DEFAULT now()
        );
        COMMENT ON SCHEMA mxgrade IS 'mxgrade: surveys of mail servers and their grades';
        COMMENT ON TABLE mxgrade.schema_version IS 'Versions of the schema that were applied';
        COMMENT ON COLUMN mxgrade.schema_version.version IS 'Number of the version';
        COMMENT ON COLUMN mxgrade.schema_version.applied_at IS 'When';
    END IF;
END $$;
SELECT coalesce(max(version), 0) FROM mxgrade.schema_version
