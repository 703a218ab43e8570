-- Cases with their messages and attachments, files by their content, studio upgrades.

CREATE TABLE cases (
  id BYTES NOT NULL, party BYTES NOT NULL, kind TEXT NOT NULL, hidden INT NOT NULL, subject TEXT NOT NULL,
  summary TEXT NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL, opened_by TEXT NOT NULL, opened_at INT NOT NULL,
  owed_since INT, due_at INT, calendar_missing INT NOT NULL, overdue_told INT NOT NULL, outcome TEXT NOT NULL,
  closed_by TEXT NOT NULL, closed_at INT, messages INT NOT NULL, attachments INT NOT NULL, changed_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX cases_party ON cases (party, id);
CREATE INDEX cases_owner ON cases (owner, id);
CREATE INDEX cases_live ON cases (id) WHERE closed_at IS NULL;
CREATE INDEX cases_due ON cases (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX cases_undated ON cases (id) WHERE calendar_missing = 1;

CREATE TABLE case_messages (
  case_id BYTES NOT NULL, n INT NOT NULL, at INT NOT NULL, side TEXT NOT NULL, author TEXT NOT NULL,
  internal INT NOT NULL, asks INT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (case_id, n))@;

CREATE TABLE case_attachments (
  case_id BYTES NOT NULL, n INT NOT NULL, at INT NOT NULL, side TEXT NOT NULL, author TEXT NOT NULL,
  internal INT NOT NULL, hash BYTES NOT NULL, kind TEXT NOT NULL, size INT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (case_id, n))@;

-- Files that a commit has named; the bytes are in the file store: a folder beside SQLite, the next table on PostgreSQL.
CREATE TABLE files (
  hash BYTES NOT NULL, kind TEXT NOT NULL, size INT NOT NULL, named_at INT NOT NULL,
  PRIMARY KEY (hash))@;
CREATE TABLE file_contents (
  hash BYTES NOT NULL, stored_at INT NOT NULL, size INT NOT NULL, content BYTES NOT NULL,
  PRIMARY KEY (hash))@;

CREATE TABLE studios (
  party BYTES NOT NULL, case_id BYTES NOT NULL, name TEXT NOT NULL, code TEXT NOT NULL, code_vouched_by TEXT NOT NULL,
  valid_until TEXT NOT NULL, applied_at INT NOT NULL, granted_at INT, granted_by TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party))@;

-- Sums of withdrawals by civil month for what was requested before there were any (X9): once, of whole rows.
INSERT INTO withdrawal_usage (party, period, amount, requests, standing)
  SELECT party, substr(period, 1, 7), CAST(sum(amount) AS INT), CAST(sum(requests) AS INT), CAST(sum(standing) AS INT)
  FROM withdrawal_usage WHERE period LIKE '____-__-__' GROUP BY party, substr(period, 1, 7);
