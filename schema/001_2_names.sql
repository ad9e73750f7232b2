-- Schema 1, names: what DNS says of addresses and exchanges beside the survey, for people. No grade and no finding follows from it.

CREATE TYPE mxgrade.lookup_status AS ENUM ('unknown', 'none', 'found');
COMMENT ON TYPE mxgrade.lookup_status IS 'unknown: not asked, or no answer; none: DNS says that there is nothing; found';

CREATE TABLE mxgrade.reverse_name (
    survey_id  integer NOT NULL,
    address    inet NOT NULL,
    asked_at   timestamptz,
    status     mxgrade.lookup_status NOT NULL DEFAULT 'unknown',
    names      text[] NOT NULL DEFAULT '{}',
    confirmed  mxgrade.tri NOT NULL DEFAULT 'unknown',
    PRIMARY KEY (survey_id, address)
) PARTITION BY LIST (survey_id);
CREATE INDEX reverse_name_pending ON mxgrade.reverse_name (survey_id, address) WHERE asked_at IS NULL;
COMMENT ON TABLE mxgrade.reverse_name IS 'Reverse DNS of endpoints: PTR records, and whether they lead back';
COMMENT ON COLUMN mxgrade.reverse_name.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.reverse_name.address IS 'IP address';
COMMENT ON COLUMN mxgrade.reverse_name.asked_at IS 'When the answers were stored; null = still to be asked';
COMMENT ON COLUMN mxgrade.reverse_name.status IS 'Whether there are PTR records';
COMMENT ON COLUMN mxgrade.reverse_name.names IS 'Their names, the first eight in the alphabet';
COMMENT ON COLUMN mxgrade.reverse_name.confirmed IS 'yes: a name has this address among its own (forward-confirmed reverse DNS); no: none has, or there is none; unknown: an answer is missing';

CREATE TABLE mxgrade.exchange_caa (
    survey_id  integer NOT NULL,
    exchange   text NOT NULL,
    asked_at   timestamptz,
    status     mxgrade.lookup_status NOT NULL DEFAULT 'unknown',
    domain     text,
    records    text[] NOT NULL DEFAULT '{}',
    issuers    text[],
    PRIMARY KEY (survey_id, exchange)
) PARTITION BY LIST (survey_id);
CREATE INDEX exchange_caa_pending ON mxgrade.exchange_caa (survey_id, exchange) WHERE asked_at IS NULL;
COMMENT ON TABLE mxgrade.exchange_caa IS 'CAA records (RFC 8659) that hold for exchanges: for the name that a certificate is for';
COMMENT ON COLUMN mxgrade.exchange_caa.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.exchange_caa.exchange IS 'MX host name';
COMMENT ON COLUMN mxgrade.exchange_caa.asked_at IS 'When the answer was stored; null = still to be asked';
COMMENT ON COLUMN mxgrade.exchange_caa.status IS 'Whether there are records, at the exchange or above';
COMMENT ON COLUMN mxgrade.exchange_caa.domain IS 'Where they stand: the exchange, or the nearest name above it that has some';
COMMENT ON COLUMN mxgrade.exchange_caa.records IS 'The records, the first hundred: flags, property, value';
COMMENT ON COLUMN mxgrade.exchange_caa.issuers IS 'The authorities that its properties "issue" name; empty: nobody may issue; null: there is no such property, so anybody may';
