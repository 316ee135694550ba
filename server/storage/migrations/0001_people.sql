-- People, accounts, devices, sessions. Names, ID numbers and templates only sealed; lookups by keyed hashes.
CREATE TABLE person (
    person_id text PRIMARY KEY,
    name_sealed bytea NOT NULL,
    id_hash bytea NOT NULL UNIQUE CHECK (octet_length(id_hash) = 32),
    id_sealed bytea NOT NULL,
    collective text NOT NULL,
    template_sealed bytea NOT NULL,
    template_version integer NOT NULL CHECK (template_version >= 0),
    account_id text UNIQUE
);
CREATE INDEX person_scope ON person (collective, person_id);

CREATE TABLE account (
    account_id text PRIMARY KEY CHECK (account_id <> ''),
    login_hash bytea NOT NULL UNIQUE CHECK (octet_length(login_hash) = 32),
    login_sealed bytea NOT NULL,
    password_hash text NOT NULL,
    person_id text NOT NULL UNIQUE REFERENCES person,
    create_time timestamptz NOT NULL
);
ALTER TABLE person ADD CONSTRAINT person_account FOREIGN KEY (account_id) REFERENCES account;

CREATE TABLE registration_code (
    person_id text PRIMARY KEY REFERENCES person ON UPDATE CASCADE ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    expire_time timestamptz NOT NULL
);
CREATE INDEX registration_code_expiry ON registration_code (expire_time);

CREATE TABLE device (
    auth_key_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    device_class smallint NOT NULL CHECK (device_class IN (1, 2)),
    auth_algorithm smallint NOT NULL CHECK (auth_algorithm > 0),
    auth_key bytea NOT NULL,
    sign_key_id text NOT NULL UNIQUE,
    sign_algorithm smallint NOT NULL CHECK (sign_algorithm > 0),
    sign_key bytea NOT NULL,
    name_sealed bytea NOT NULL,
    create_time timestamptz NOT NULL,
    CHECK (auth_key_id <> sign_key_id)
);
CREATE INDEX device_account ON device (account_id);

-- Every key once, whatever it is for: nobody's auth key is somebody else's sign key.
CREATE TABLE device_key (
    key_id text PRIMARY KEY,
    auth_key_id text NOT NULL REFERENCES device
);

-- No foreign keys: an attempt for an unknown account looks like any other.
CREATE TABLE login_attempt (
    login_id text PRIMARY KEY,
    account_id text NOT NULL,
    auth_key_id text NOT NULL,
    nonce bytea NOT NULL,
    fits boolean NOT NULL,
    expire_time timestamptz NOT NULL
);
CREATE INDEX login_attempt_expiry ON login_attempt (expire_time);

CREATE TABLE session (
    session_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    auth_key_id text NOT NULL REFERENCES device,
    device_class smallint NOT NULL CHECK (device_class IN (1, 2)),
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    end_reason text NOT NULL CHECK (end_reason IN ('', 'LOGOUT', 'REPLACED'))
);
CREATE UNIQUE INDEX session_one_live ON session (account_id, device_class) WHERE end_reason = '';

CREATE TABLE throttle_failure (
    failure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    fail_time timestamptz NOT NULL,
    keep_until timestamptz NOT NULL
);
CREATE INDEX throttle_failure_key ON throttle_failure (key_hash, fail_time);
CREATE INDEX throttle_failure_expiry ON throttle_failure (keep_until);
