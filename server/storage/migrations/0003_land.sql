-- Parcels: the owner is found by a keyed hash, everything else is sealed.
CREATE TABLE parcel (
    code text PRIMARY KEY,
    owner_id_hash bytea NOT NULL CHECK (octet_length(owner_id_hash) = 32),
    content_hash bytea NOT NULL,
    body_sealed bytea NOT NULL
);
CREATE INDEX parcel_owner ON parcel (owner_id_hash, code);
