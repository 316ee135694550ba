-- Inboxes and kept answers.
CREATE TABLE inbox (
    account_id text PRIMARY KEY REFERENCES account,
    last_cursor bigint NOT NULL CHECK (last_cursor >= 0),
    seen_cursor bigint NOT NULL CHECK (seen_cursor BETWEEN 0 AND last_cursor)
);

CREATE TABLE event (
    account_id text NOT NULL REFERENCES inbox,
    cursor bigint NOT NULL CHECK (cursor > 0),
    create_time timestamptz NOT NULL,
    kind text NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (account_id, cursor)
);

CREATE TABLE answer (
    caller text NOT NULL,
    method text NOT NULL,
    request_id text NOT NULL,
    request_digest bytea NOT NULL,
    response_sealed bytea NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (caller, method, request_id)
);
CREATE INDEX answer_age ON answer (create_time);
