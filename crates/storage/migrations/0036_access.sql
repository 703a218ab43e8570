-- One-time codes of staff, and what their sessions are from.

CREATE TABLE staff_totp (
  staff BYTES NOT NULL, secret TEXT NOT NULL, confirmed_at INT, last_step INT NOT NULL, recovery TEXT NOT NULL,
  made_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (staff))@;

ALTER TABLE staff_sessions ADD COLUMN seen_at INT NOT NULL DEFAULT 0;
ALTER TABLE staff_sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE staff_sessions ADD COLUMN password_tag TEXT NOT NULL DEFAULT '';
CREATE INDEX staff_sessions_staff ON staff_sessions (staff, id);
