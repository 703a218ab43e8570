-- Withdrawals of proceeds: what of them buyers had not paid, who asked, the case that asks for evidence, and how fee and
-- value date came about.

ALTER TABLE withdrawals ADD COLUMN unpaid INT NOT NULL DEFAULT 0;
ALTER TABLE withdrawals ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
ALTER TABLE withdrawals ADD COLUMN case_id TEXT NOT NULL DEFAULT '';
ALTER TABLE withdrawals ADD COLUMN basis TEXT NOT NULL DEFAULT '';

-- Who may ask for another shop's proceeds, and what risk staff should know of a party.

CREATE TABLE credit_linked_shops (
  shop BYTES NOT NULL, by_shop BYTES NOT NULL, since INT NOT NULL, until INT, evidence TEXT NOT NULL,
  recorded_by TEXT NOT NULL, drawn INT NOT NULL, ended_at INT, version INT NOT NULL,
  PRIMARY KEY (shop, by_shop))@;
CREATE INDEX credit_linked_shops_by ON credit_linked_shops (by_shop, shop);

CREATE TABLE risk_flags (
  party BYTES NOT NULL, id BYTES NOT NULL, kind TEXT NOT NULL, other BYTES NOT NULL, count INT NOT NULL,
  first_at INT NOT NULL, last_at INT NOT NULL,
  PRIMARY KEY (party, id))@;

-- Withdrawals that came to nothing. Rows are only inserted.

CREATE TABLE withdrawal_failures (
  id BYTES NOT NULL, day TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL,
  party BYTES NOT NULL, withdrawal BYTES NOT NULL, amount INT NOT NULL, at INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX withdrawal_failures_day ON withdrawal_failures (source, day, kind, code);
CREATE INDEX withdrawal_failures_party ON withdrawal_failures (party, at, id);
