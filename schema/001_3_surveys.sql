-- Schema 1, surveys: how one comes and goes beside others that are at work. Nobody waits for a list that is still being read,
-- nor for a survey that is being dropped: tables that all use are locked for moments, and not so that a reader would notice.

-- A survey's partitions come and go with it.
CREATE FUNCTION mxgrade.survey_tables() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['submitted_line', 'domain', 'mx_set', 'mx_set_member', 'exchange', 'endpoint', 'exchange_endpoint',
                 'mta_sts_policy', 'reverse_name', 'exchange_caa']
$$;
COMMENT ON FUNCTION mxgrade.survey_tables() IS 'The tables that are partitioned by survey';

-- The table for the lines is one of its own until the list is whole, made from the catalogue: LIKE would keep a lock on
-- submitted_line, for which a drop beside it would wait. Nobody else sees the table before the commit.
CREATE FUNCTION mxgrade.begin_list() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = mxgrade, pg_temp AS $$
DECLARE
    v_id integer := nextval(pg_get_serial_sequence('mxgrade.survey', 'survey_id'));
    v_columns text;
    v_checks text;
BEGIN
    SELECT string_agg(format('%I %s%s', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' NOT NULL' END),
                      ', ' ORDER BY attnum) INTO v_columns
    FROM pg_attribute WHERE attrelid = 'mxgrade.submitted_line'::regclass AND attnum > 0 AND NOT attisdropped;
    SELECT string_agg(format(', CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), '') INTO v_checks
    FROM pg_constraint WHERE conrelid = 'mxgrade.submitted_line'::regclass AND contype = 'c';
    -- With this_survey ATTACH knows what is in there and does not read it all.
    EXECUTE format('CREATE TABLE mxgrade.%I (%s%s, CONSTRAINT this_survey CHECK (survey_id = %s))',
                   'submitted_line_' || v_id, v_columns, v_checks, v_id);
    EXECUTE format('GRANT INSERT ON mxgrade.%I TO PUBLIC', 'submitted_line_' || v_id);
    RETURN v_id;
END $$;
COMMENT ON FUNCTION mxgrade.begin_list() IS 'The number of a new survey: COPY its lines into submitted_line_NUMBER in the same transaction, then store_survey()';

-- One attempt of store_survey().
CREATE FUNCTION mxgrade.attach_survey(p_survey integer) RETURNS void LANGUAGE plpgsql SET search_path = mxgrade, pg_temp AS $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY mxgrade.survey_tables() LOOP
        IF v_table <> 'submitted_line' THEN
            EXECUTE format('CREATE TABLE mxgrade.%I (LIKE mxgrade.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                           v_table || '_' || p_survey, v_table);
        END IF;
        -- PARTITION OF would lock the table against everybody; beside ATTACH they work on, but for another ATTACH.
        EXECUTE format('ALTER TABLE mxgrade.%I ATTACH PARTITION mxgrade.%I FOR VALUES IN (%s)',
                       v_table, v_table || '_' || p_survey, p_survey);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION mxgrade.attach_survey(integer) FROM PUBLIC;
COMMENT ON FUNCTION mxgrade.attach_survey(integer) IS 'Makes the tables of a survey parts of the others; for store_survey()';

-- All that takes time is done first, on the table that nobody else sees. What is locked then is locked until the commit, which
-- is to follow at once; who cannot have it within moments lets go of everything and tries again, so that nobody waits in a circle.
CREATE FUNCTION mxgrade.store_survey(p_survey integer, p_name text, p_max_attempts integer, p_retry_delay interval, p_lines bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = mxgrade, pg_temp AS $$
DECLARE
    v_lines text := format('mxgrade.%I', 'submitted_line_' || p_survey);
    v_until timestamptz := clock_timestamp() + interval '10 minutes';
BEGIN
    EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (survey_id, line_no)', v_lines);
    EXECUTE format('CREATE INDEX ON %s (survey_id, line_no) WHERE rejected IS NOT NULL', v_lines);
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', v_lines);
    LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '200ms', true);
            PERFORM mxgrade.attach_survey(p_survey);
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF clock_timestamp() > v_until THEN
                RAISE;
            END IF;
        END;
        PERFORM pg_sleep(0.02 + random() * 0.2);
    END LOOP;
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT this_survey', v_lines);
    INSERT INTO mxgrade.survey (survey_id, name, max_attempts, retry_delay, lines) OVERRIDING SYSTEM VALUE
    VALUES (p_survey, p_name, p_max_attempts, p_retry_delay, p_lines);
END $$;
COMMENT ON FUNCTION mxgrade.store_survey(integer, text, integer, interval, bigint) IS 'The list of begin_list() is whole: it becomes a survey. COMMIT at once, with NOTIFY mxgrade_survey';

CREATE FUNCTION mxgrade.create_survey(p_name text, p_max_attempts integer, p_retry_delay interval)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = mxgrade, pg_temp AS $$
DECLARE
    v_id integer := mxgrade.begin_list();
BEGIN
    PERFORM mxgrade.store_survey(v_id, p_name, p_max_attempts, p_retry_delay, 0);
    RETURN v_id;
END $$;
COMMENT ON FUNCTION mxgrade.create_survey(text, integer, interval) IS 'Makes a survey without lines; mxgrade submit makes one with begin_list() and store_survey()';

-- DROP TABLE of a part locks the whole against everybody. That is done only when all can be had at once: whoever is met is
-- given way to, so that nobody waits longer than a moment, nor in a circle. mxgrade drop waits for readers and disturbs none.
CREATE FUNCTION mxgrade.drop_survey(p_survey integer)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = mxgrade, pg_temp AS $$
DECLARE
    v_table text;
    v_until timestamptz := clock_timestamp() + interval '10 minutes';
BEGIN
    LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '10ms', true);
            FOREACH v_table IN ARRAY mxgrade.survey_tables() LOOP
                EXECUTE format('LOCK TABLE mxgrade.%I', v_table);
            END LOOP;
            FOREACH v_table IN ARRAY mxgrade.survey_tables() LOOP
                EXECUTE format('DROP TABLE IF EXISTS mxgrade.%I', v_table || '_' || p_survey);
            END LOOP;
            DELETE FROM mxgrade.survey WHERE survey_id = p_survey;
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF clock_timestamp() > v_until THEN
                RAISE;
            END IF;
        END;
        PERFORM pg_sleep(0.02 + random() * 0.2);
    END LOOP;
END $$;
COMMENT ON FUNCTION mxgrade.drop_survey(integer) IS 'Removes a survey and everything learnt in it, in one transaction, in a moment when nobody is at work on any; see mxgrade drop';
