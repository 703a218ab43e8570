-- Phones, identities, one-time codes, people; payout accounts with sealed numbers. Sealed values begin with the version
-- of their key and a dot.

CREATE TABLE phones (
  party BYTES NOT NULL, number TEXT NOT NULL, number_index TEXT NOT NULL, masked TEXT NOT NULL,
  virtual_operator INT NOT NULL, bound_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party))@;

CREATE TABLE identities (
  party BYTES NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, name TEXT NOT NULL, number TEXT NOT NULL,
  name_masked TEXT NOT NULL, number_masked TEXT NOT NULL, identity_index TEXT NOT NULL, vouched_by TEXT NOT NULL,
  reason TEXT NOT NULL, submitted_at INT NOT NULL, decided_at INT, version INT NOT NULL,
  PRIMARY KEY (party))@;
CREATE INDEX identities_shared ON identities (identity_index, party);

CREATE TABLE one_time_codes (
  party BYTES NOT NULL, purpose TEXT NOT NULL, code BYTES NOT NULL, digest BYTES NOT NULL, subject TEXT NOT NULL,
  message TEXT NOT NULL, masked TEXT NOT NULL, expires_at INT NOT NULL, tries_left INT NOT NULL, used INT NOT NULL,
  issued_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party, purpose))@;

CREATE TABLE phone_quotas (
  phone TEXT NOT NULL, day TEXT NOT NULL, count INT NOT NULL, last_at INT NOT NULL,
  PRIMARY KEY (phone))@;

CREATE TABLE people (
  party BYTES NOT NULL, person BYTES NOT NULL, name TEXT NOT NULL, name_masked TEXT NOT NULL, role TEXT NOT NULL,
  phone TEXT NOT NULL, phone_masked TEXT NOT NULL, created_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party, person))@;

CREATE TABLE withdrawal_actors (
  withdrawal BYTES NOT NULL, person BYTES NOT NULL, role TEXT NOT NULL,
  PRIMARY KEY (withdrawal))@;

CREATE TABLE sandbox_messages (
  code BYTES NOT NULL, party BYTES NOT NULL, purpose TEXT NOT NULL, masked TEXT NOT NULL, message TEXT NOT NULL,
  at INT NOT NULL,
  PRIMARY KEY (code))@;
CREATE INDEX sandbox_messages_party ON sandbox_messages (party, code);

ALTER TABLE payout_accounts ADD COLUMN number_index TEXT NOT NULL DEFAULT '';
ALTER TABLE payout_accounts ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE payout_accounts ADD COLUMN bank TEXT NOT NULL DEFAULT '';
