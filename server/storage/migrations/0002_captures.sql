-- Uploads, verifications, burst prints, receipts.
-- Uploads are unlogged: pictures never reach the write-ahead log, a base backup or a replica. After a crash of the
-- database they are gone, row and pieces together, and the client begins a new one.
CREATE UNLOGGED TABLE upload (
    upload_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    received_bytes bigint NOT NULL CHECK (received_bytes BETWEEN 0 AND size_bytes),
    expire_time timestamptz NOT NULL,
    used boolean NOT NULL
);
CREATE INDEX upload_expiry ON upload (expire_time);

CREATE UNLOGGED TABLE upload_piece (
    upload_id text NOT NULL REFERENCES upload ON DELETE CASCADE,
    start_byte bigint NOT NULL CHECK (start_byte >= 0),
    piece_sealed bytea NOT NULL,
    PRIMARY KEY (upload_id, start_byte)
);
ALTER TABLE upload_piece ALTER COLUMN piece_sealed SET STORAGE EXTERNAL; -- sealed bytes do not compress

CREATE TABLE verification (
    verification_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    session_id text NOT NULL REFERENCES session,
    auth_key_id text NOT NULL REFERENCES device,
    purpose smallint NOT NULL CHECK (purpose BETWEEN 1 AND 3),
    transfer_id text NOT NULL,
    contract_version integer NOT NULL CHECK (contract_version >= 0),
    terms_digest bytea NOT NULL,
    lead_in_ms integer NOT NULL,
    frame_interval_ms integer NOT NULL,
    frame_count integer NOT NULL,
    action_shapes integer[] NOT NULL,
    action_holds_ms integer[] NOT NULL,
    nonce bytea NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
    reason text NOT NULL,
    attempts_left integer NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    CHECK ((state = 1) = (reason = ''))
);
CREATE INDEX verification_attempts ON verification (account_id, purpose, create_time);

-- One judgement of a verification at a time; that of a crashed process frees it by itself.
CREATE UNLOGGED TABLE judging (
    verification_id text PRIMARY KEY,
    until timestamptz NOT NULL
);

CREATE TABLE burst (
    verification_id text PRIMARY KEY REFERENCES verification,
    frame_digests bigint[] NOT NULL
);
CREATE INDEX burst_digests ON burst USING gin (frame_digests);

CREATE TABLE receipt (
    receipt_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    session_id text NOT NULL REFERENCES session,
    purpose smallint NOT NULL CHECK (purpose BETWEEN 1 AND 3),
    expire_time timestamptz NOT NULL,
    body_sealed bytea NOT NULL,
    used boolean NOT NULL,
    ended boolean NOT NULL,
    CHECK (NOT (used AND ended))
);
CREATE INDEX receipt_open ON receipt (session_id) WHERE NOT used AND NOT ended;
