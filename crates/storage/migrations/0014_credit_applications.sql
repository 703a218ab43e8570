-- Applications and appeals about the pay-later limit, closing of the service, reminders.

ALTER TABLE credit_shops ADD COLUMN closing_since INT;
ALTER TABLE credit_shops ADD COLUMN closed_at INT;
ALTER TABLE credit_shops ADD COLUMN remind_on TEXT;
CREATE INDEX credit_shops_closing ON credit_shops (party) WHERE closing_since IS NOT NULL AND closed_at IS NULL;
CREATE INDEX credit_shops_remind ON credit_shops (remind_on, party) WHERE remind_on IS NOT NULL;

CREATE TABLE credit_applications (
  id BYTES NOT NULL, party BYTES NOT NULL, kind TEXT NOT NULL, case_id BYTES NOT NULL, amount INT,
  sale TEXT NOT NULL, sale_from TEXT, sale_until TEXT, partner TEXT NOT NULL, claim TEXT NOT NULL,
  reason TEXT NOT NULL, applied_at INT NOT NULL, granted TEXT NOT NULL, decided_at INT, decided_by TEXT NOT NULL,
  policy_version INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX credit_applications_party ON credit_applications (party, id);

CREATE TABLE credit_applicants (
  party BYTES NOT NULL, kind TEXT NOT NULL, application BYTES NOT NULL, case_id BYTES NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party, kind))@;

CREATE TABLE credit_reminders (
  party BYTES NOT NULL, told TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party))@;

CREATE TABLE credit_appeals (
  party BYTES NOT NULL, ground TEXT NOT NULL, case_id BYTES NOT NULL, filed_at INT NOT NULL, total INT NOT NULL,
  decided_at INT, granted INT NOT NULL, until TEXT, version INT NOT NULL,
  PRIMARY KEY (party, ground))@;
