-- Codes, transfers, drafts, claims, contracts.
CREATE TABLE code (
    code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    account_id text NOT NULL REFERENCES account,
    auth_key_id text NOT NULL REFERENCES device,
    session_id text NOT NULL REFERENCES session,
    expire_time timestamptz NOT NULL,
    used boolean NOT NULL
);
CREATE INDEX code_expiry ON code (expire_time);

CREATE TABLE transfer (
    transfer_id text PRIMARY KEY CHECK (transfer_id <> ''),
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 8),
    transferor_account_id text NOT NULL REFERENCES account,
    transferee_account_id text NOT NULL REFERENCES account,
    transferor_auth_key_id text NOT NULL REFERENCES device,
    transferee_auth_key_id text NOT NULL REFERENCES device,
    version integer NOT NULL CHECK (version >= 0),
    contract_id text,
    comparison_number text NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    CHECK (transferor_account_id <> transferee_account_id),
    CHECK (transferor_auth_key_id <> transferee_auth_key_id),
    CHECK ((state = 5) = (contract_id IS NOT NULL))
);
CREATE INDEX transfer_from ON transfer (transferor_account_id, create_time DESC, transfer_id DESC);
CREATE INDEX transfer_to ON transfer (transferee_account_id, create_time DESC, transfer_id DESC);
CREATE INDEX transfer_waiting ON transfer (expire_time) WHERE state IN (1, 2, 3);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % never changes', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;

-- What has ended stays as it ended.
CREATE TRIGGER transfer_ended BEFORE UPDATE ON transfer FOR EACH ROW
    WHEN (OLD.state >= 5) EXECUTE FUNCTION refuse_change();

CREATE TABLE transfer_move (
    transfer_id text NOT NULL REFERENCES transfer,
    move_number integer NOT NULL CHECK (move_number > 0),
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 8),
    move_time timestamptz NOT NULL,
    PRIMARY KEY (transfer_id, move_number)
);
CREATE TRIGGER transfer_move_kept BEFORE UPDATE OR DELETE ON transfer_move FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE draft (
    transfer_id text NOT NULL REFERENCES transfer,
    version integer NOT NULL CHECK (version > 0),
    body_sealed bytea NOT NULL,
    document_sealed bytea NOT NULL,
    offer_receipt_id text UNIQUE REFERENCES receipt,
    offer_signature bytea NOT NULL,
    PRIMARY KEY (transfer_id, version),
    CHECK ((offer_receipt_id IS NULL) = (offer_signature = ''))
);
ALTER TABLE draft ALTER COLUMN document_sealed SET STORAGE EXTERNAL;
-- What was offered and signed stays as it was signed.
CREATE TRIGGER draft_offered BEFORE UPDATE ON draft FOR EACH ROW
    WHEN (OLD.offer_receipt_id IS NOT NULL) EXECUTE FUNCTION refuse_change();

CREATE TABLE claim (
    transfer_id text NOT NULL REFERENCES transfer,
    parcel_code text NOT NULL REFERENCES parcel,
    area_m2 bigint NOT NULL CHECK (area_m2 > 0),
    start_date date NOT NULL,
    end_date date NOT NULL CHECK (end_date >= start_date),
    PRIMARY KEY (transfer_id, parcel_code)
);
CREATE INDEX claim_parcel ON claim (parcel_code);

CREATE TABLE contract (
    contract_id text PRIMARY KEY CHECK (contract_id <> ''),
    transfer_id text NOT NULL UNIQUE REFERENCES transfer,
    contract_number text NOT NULL,
    transferor_account_id text NOT NULL REFERENCES account,
    transferee_account_id text NOT NULL REFERENCES account,
    transferor_receipt_id text NOT NULL UNIQUE REFERENCES receipt,
    transferee_receipt_id text NOT NULL UNIQUE REFERENCES receipt,
    conclude_time timestamptz NOT NULL,
    body_sealed bytea NOT NULL,
    document_sealed bytea NOT NULL,
    CHECK (transferor_receipt_id <> transferee_receipt_id)
);
ALTER TABLE contract ALTER COLUMN document_sealed SET STORAGE EXTERNAL;
CREATE INDEX contract_from ON contract (transferor_account_id, conclude_time DESC, contract_id DESC);
CREATE INDEX contract_to ON contract (transferee_account_id, conclude_time DESC, contract_id DESC);
CREATE TRIGGER contract_kept BEFORE UPDATE OR DELETE ON contract FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Checked at the end of the transaction that writes both.
ALTER TABLE transfer ADD CONSTRAINT transfer_contract FOREIGN KEY (contract_id) REFERENCES contract
    DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX transfer_one_contract ON transfer (contract_id) WHERE contract_id IS NOT NULL;
