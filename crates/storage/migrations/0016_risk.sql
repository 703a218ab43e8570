-- Signs of cash-out: what is counted of a shop, what was held, what people decided.

ALTER TABLE credit_orders ADD COLUMN held INT NOT NULL DEFAULT 0;
ALTER TABLE credit_orders ADD COLUMN marks INT NOT NULL DEFAULT 0;
ALTER TABLE credit_orders ADD COLUMN reviews INT NOT NULL DEFAULT 0;

CREATE TABLE credit_risks (
  party BYTES NOT NULL, cohorts TEXT NOT NULL, own TEXT NOT NULL, raised_at INT, drawn_at INT,
  released INT NOT NULL, released_until INT, open_reviews INT NOT NULL, open_case TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party))@;

CREATE TABLE credit_risk_reviews (
  id BYTES NOT NULL, party BYTES NOT NULL, subject TEXT NOT NULL, amount INT NOT NULL, score INT NOT NULL,
  reasons TEXT NOT NULL, state TEXT NOT NULL, opened_by TEXT NOT NULL, opened_at INT NOT NULL, due_at INT,
  case_id TEXT NOT NULL, approvals TEXT NOT NULL, decided_by TEXT NOT NULL, note TEXT NOT NULL, decided_at INT,
  policy_version INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX credit_risk_reviews_opened ON credit_risk_reviews (opened_at, id);
CREATE INDEX credit_risk_reviews_state ON credit_risk_reviews (state, opened_at, id);
CREATE INDEX credit_risk_reviews_party ON credit_risk_reviews (party, opened_at, id);
