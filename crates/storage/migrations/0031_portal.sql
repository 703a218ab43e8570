-- Access of parties: one-time links that the platform mints, and the sessions that they open.

CREATE TABLE portal_links (
  id BYTES NOT NULL, party BYTES NOT NULL, person BYTES NOT NULL, role TEXT NOT NULL, hash BYTES NOT NULL,
  created_at INT NOT NULL, created_by TEXT NOT NULL, expires_at INT NOT NULL, used_at INT,
  PRIMARY KEY (id))@;

CREATE TABLE portal_sessions (
  id BYTES NOT NULL, party BYTES NOT NULL, person BYTES NOT NULL, role TEXT NOT NULL, hash BYTES NOT NULL,
  link BYTES NOT NULL, created_at INT NOT NULL, expires_at INT NOT NULL, ended_at INT, ended_by TEXT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX portal_sessions_party ON portal_sessions (party, id);
