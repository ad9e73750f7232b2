-- Schema 1, roles: a role per program, with the least it needs. They cannot log in: GRANT them to login roles.

REVOKE EXECUTE ON FUNCTION mxgrade.begin_list(), mxgrade.store_survey(integer, text, integer, interval, bigint),
    mxgrade.create_survey(text, integer, interval), mxgrade.drop_survey(integer) FROM PUBLIC;

-- Where the owner of the schema may not create roles, an administrator makes them later: grants apply to those that exist.
CREATE FUNCTION mxgrade.grant_roles() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_role text;
    v_what text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['mxgrade_coordinator', 'mxgrade_aggregator', 'mxgrade_submit', 'mxgrade_read'] LOOP
        BEGIN
            IF to_regrole(v_role) IS NULL THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
                EXECUTE format('COMMENT ON ROLE %I IS %L', v_role, 'mxgrade: see mxgrade.grant_roles()');
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL; -- another database of the cluster was faster
            WHEN insufficient_privilege THEN
                RAISE WARNING 'role % is missing and % may not create it: an administrator can', v_role, current_user;
        END;
    END LOOP;
    FOR v_role, v_what IN
        VALUES
            ('mxgrade_coordinator', 'USAGE ON SCHEMA mxgrade'),
            ('mxgrade_coordinator', 'SELECT ON mxgrade.schema_version, mxgrade.submitted_line'),
            ('mxgrade_coordinator', 'SELECT, UPDATE ON mxgrade.survey'),
            ('mxgrade_coordinator', 'SELECT, INSERT, UPDATE ON mxgrade.domain, mxgrade.mx_set, mxgrade.mx_set_member, '
                                    'mxgrade.exchange, mxgrade.endpoint, mxgrade.exchange_endpoint, mxgrade.mta_sts_policy, '
                                    'mxgrade.reverse_name, mxgrade.exchange_caa'),
            ('mxgrade_aggregator', 'USAGE ON SCHEMA mxgrade'),
            ('mxgrade_aggregator', 'SELECT ON mxgrade.schema_version, mxgrade.domain, mxgrade.mx_set_member, '
                                   'mxgrade.finding_code, mxgrade.suite'),
            ('mxgrade_aggregator', 'SELECT, UPDATE ON mxgrade.survey, mxgrade.mx_set, mxgrade.exchange, '
                                   'mxgrade.endpoint, mxgrade.exchange_endpoint, mxgrade.mta_sts_policy'),
            ('mxgrade_aggregator', 'SELECT, INSERT ON mxgrade.certificate_row, mxgrade.quarantine'),
            ('mxgrade_aggregator', 'UPDATE (chain, self_signed) ON mxgrade.certificate_row'),
            ('mxgrade_submit', 'USAGE ON SCHEMA mxgrade'),
            ('mxgrade_submit', 'SELECT ON mxgrade.schema_version'),
            ('mxgrade_submit', 'EXECUTE ON FUNCTION mxgrade.begin_list(), '
                               'mxgrade.store_survey(integer, text, integer, interval, bigint)'),
            ('mxgrade_read', 'USAGE ON SCHEMA mxgrade'),
            ('mxgrade_read', 'SELECT ON mxgrade.schema_version')
        UNION ALL
        SELECT r.role, format('SELECT ON mxgrade.%I', v.relname)
        FROM pg_class v, (VALUES ('mxgrade_submit'), ('mxgrade_read')) r (role)
        WHERE v.relnamespace = 'mxgrade'::regnamespace AND v.relkind = 'v'
    LOOP
        IF to_regrole(v_role) IS NOT NULL THEN
            EXECUTE format('GRANT %s TO %I', v_what, v_role);
        END IF;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION mxgrade.grant_roles() FROM PUBLIC;
COMMENT ON FUNCTION mxgrade.grant_roles() IS 'Makes the roles of mxgrade that are missing, and grants each what it needs: call it again where an administrator makes them later';
SELECT mxgrade.grant_roles();
