-- Files of payment orders for a bank, their orders, and what the bank says about them.

CREATE TABLE bank_files (
  id BYTES NOT NULL, state TEXT NOT NULL, currency TEXT NOT NULL, orders INT NOT NULL, amount INT NOT NULL,
  opened_at INT NOT NULL, closes_at INT NOT NULL, closed_at INT, closed_by TEXT NOT NULL, fixed_at INT, sent_at INT,
  sent_by TEXT NOT NULL, name TEXT NOT NULL, hash BYTES NOT NULL, size INT NOT NULL, content TEXT NOT NULL,
  version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX bank_files_open ON bank_files (id) WHERE state = 'open';

CREATE TABLE bank_orders (
  reference TEXT NOT NULL, file BYTES NOT NULL, n INT NOT NULL, amount INT NOT NULL, currency TEXT NOT NULL,
  class TEXT NOT NULL, payee TEXT NOT NULL, payee_index TEXT NOT NULL, state TEXT NOT NULL, failure TEXT NOT NULL,
  code TEXT NOT NULL, paid_by TEXT NOT NULL, attempts INT NOT NULL, collected_at INT NOT NULL, changed_at INT NOT NULL,
  version INT NOT NULL,
  PRIMARY KEY (reference))@;
CREATE INDEX bank_orders_file ON bank_orders (file, n);

CREATE TABLE bank_messages (
  id BYTES NOT NULL, kind TEXT NOT NULL, message_id TEXT NOT NULL, hash BYTES NOT NULL, size INT NOT NULL,
  about TEXT NOT NULL, taken_at INT NOT NULL, lines INT NOT NULL, matched INT NOT NULL, known INT NOT NULL,
  unmatched INT NOT NULL, conflicts INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX bank_messages_taken ON bank_messages (taken_at, id);

-- Lines of an account, and lines of status reports that fit no order. Counterparty and words are masked.
CREATE TABLE bank_entries (
  id BYTES NOT NULL, message BYTES NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, problem TEXT NOT NULL,
  account TEXT NOT NULL, amount INT NOT NULL, currency TEXT NOT NULL, booked_on TEXT NOT NULL,
  reference TEXT NOT NULL, bank_reference TEXT NOT NULL, reason TEXT NOT NULL, counterparty TEXT NOT NULL,
  words TEXT NOT NULL, taken_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX bank_entries_state ON bank_entries (state, taken_at, id);
CREATE INDEX bank_entries_taken ON bank_entries (taken_at, id);
