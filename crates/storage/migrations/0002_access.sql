-- Access: API keys, staff accounts, their sessions.

CREATE TABLE api_keys (
  id BYTES NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL, hash BYTES NOT NULL, old_hash BYTES NOT NULL,
  old_until INT, created_at INT NOT NULL, created_by TEXT NOT NULL, expires_at INT, revoked_at INT,
  version INT NOT NULL,
  PRIMARY KEY (id))@;

CREATE TABLE staff (
  id BYTES NOT NULL, login TEXT NOT NULL, role TEXT NOT NULL, password BYTES NOT NULL, failed INT NOT NULL,
  locked_until INT, disabled_at INT, created_at INT NOT NULL, created_by TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;

CREATE TABLE staff_sessions (
  id BYTES NOT NULL, staff BYTES NOT NULL, hash BYTES NOT NULL, created_at INT NOT NULL, expires_at INT NOT NULL,
  ended_at INT,
  PRIMARY KEY (id))@;
