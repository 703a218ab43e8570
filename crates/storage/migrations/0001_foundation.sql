-- The engine: ledger, hash chain, idempotency, audit, events, outbox jobs.
-- Every primary key begins with the column that the table would be distributed by (owner or id).

CREATE TABLE meta (
  name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (name))@;

CREATE TABLE accounts (
  id BYTES NOT NULL, flags INT NOT NULL, currency TEXT NOT NULL, posted INT NOT NULL, held_out INT NOT NULL,
  held_in INT NOT NULL, entries INT NOT NULL, last BYTES NOT NULL, last_at INT NOT NULL, day_opening INT NOT NULL,
  day_entries INT NOT NULL,
  PRIMARY KEY (id))@;

CREATE TABLE account_info (
  id BYTES NOT NULL, owner BYTES NOT NULL, kind INT NOT NULL, qualifier TEXT NOT NULL, currency TEXT NOT NULL,
  opened_at INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX account_info_owner ON account_info (owner, kind);

CREATE TABLE transfers (
  id BYTES NOT NULL, at INT NOT NULL, grp INT NOT NULL, kind INT NOT NULL, step INT NOT NULL, debit BYTES NOT NULL,
  credit BYTES NOT NULL, amount INT NOT NULL, debit_after INT NOT NULL, credit_after INT NOT NULL,
  debit_prev BYTES NOT NULL, credit_prev BYTES NOT NULL, of_id BYTES NOT NULL, reference BYTES NOT NULL,
  PRIMARY KEY (id))@;

CREATE TABLE holds (
  id BYTES NOT NULL, debit BYTES NOT NULL, credit BYTES NOT NULL, amount INT NOT NULL, remaining INT NOT NULL,
  state INT NOT NULL, expires_at INT,
  PRIMARY KEY (id))@;
CREATE INDEX holds_expiry ON holds (expires_at) WHERE state = 0 AND expires_at IS NOT NULL;

CREATE TABLE account_days (
  account BYTES NOT NULL, day TEXT NOT NULL, opening INT NOT NULL, closing INT NOT NULL, entries INT NOT NULL,
  last BYTES NOT NULL, last_at INT NOT NULL,
  PRIMARY KEY (account, day))@;

CREATE TABLE account_marks (
  account BYTES NOT NULL, entry INT NOT NULL, transfer BYTES NOT NULL, at INT NOT NULL, balance INT NOT NULL,
  PRIMARY KEY (account, entry))@;

CREATE TABLE lanes (
  lane INT NOT NULL, seq INT NOT NULL, hash BYTES NOT NULL, holder TEXT NOT NULL, token INT NOT NULL,
  lease_until INT NOT NULL,
  PRIMARY KEY (lane))@;

CREATE TABLE groups (
  lane INT NOT NULL, seq INT NOT NULL, prev BYTES NOT NULL, hash BYTES NOT NULL, at INT NOT NULL,
  transfers INT NOT NULL, audits INT NOT NULL, ids BYTES NOT NULL,
  PRIMARY KEY (lane, seq))@;

CREATE TABLE checkpoints (
  seq INT NOT NULL, prev BYTES NOT NULL, hash BYTES NOT NULL, at INT NOT NULL, heads BYTES NOT NULL,
  PRIMARY KEY (seq))@;

CREATE TABLE idempotency (
  client BYTES NOT NULL, key TEXT NOT NULL, command TEXT NOT NULL, body_hash BYTES NOT NULL, status INT NOT NULL,
  reply BYTES NOT NULL, at INT NOT NULL,
  PRIMARY KEY (client, key))@;

CREATE TABLE audit (
  grp INT NOT NULL, n INT NOT NULL, at INT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, facts TEXT NOT NULL,
  PRIMARY KEY (grp, n))@;
CREATE INDEX audit_subject ON audit (subject, grp, n);

CREATE TABLE events (
  grp INT NOT NULL, n INT NOT NULL, at INT NOT NULL, kind TEXT NOT NULL, party BYTES NOT NULL,
  subject TEXT NOT NULL, facts TEXT NOT NULL,
  PRIMARY KEY (grp, n))@;

CREATE TABLE messages (
  party BYTES NOT NULL, id BYTES NOT NULL, at INT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  facts TEXT NOT NULL, read_at INT,
  PRIMARY KEY (party, id))@;

CREATE TABLE jobs (
  id BYTES NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, due_at INT NOT NULL, state INT NOT NULL,
  attempts INT NOT NULL, token INT NOT NULL, lease_until INT NOT NULL, last_run_at INT, last_error TEXT,
  payload TEXT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX jobs_state ON jobs (state, due_at, id);

CREATE TABLE approvals (
  id BYTES NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, facts TEXT NOT NULL, state INT NOT NULL,
  proposed_by TEXT NOT NULL, proposed_at INT NOT NULL, decided_by TEXT, decided_at INT, version INT NOT NULL,
  PRIMARY KEY (id))@;

CREATE TABLE policy_versions (
  number INT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, text TEXT NOT NULL, activated_at INT NOT NULL,
  activated_by TEXT NOT NULL,
  PRIMARY KEY (number))@;

CREATE TABLE calendar_years (
  year INT NOT NULL, text TEXT NOT NULL, imported_at INT NOT NULL, imported_by TEXT NOT NULL,
  PRIMARY KEY (year))@;
