-- Corporate settlement: statements, what may go into one, monthly lists, payouts of statements.

CREATE TABLE settlement_statements (
  id BYTES NOT NULL, party BYTES NOT NULL, state TEXT NOT NULL, currency TEXT NOT NULL, period_from TEXT NOT NULL,
  period_to TEXT NOT NULL, items INT NOT NULL, gross INT NOT NULL, service_fee INT NOT NULL,
  compensation INT NOT NULL, adjustment INT NOT NULL, payable INT NOT NULL, paid INT NOT NULL,
  destination BYTES NOT NULL, account TEXT NOT NULL, seller_name TEXT NOT NULL, seller_code TEXT NOT NULL, signed_by TEXT NOT NULL,
  signed_at INT, invoice TEXT NOT NULL, submitted_at INT, submissions INT NOT NULL, due_on TEXT NOT NULL,
  calendar_missing INT NOT NULL, overdue_at INT, reason TEXT NOT NULL, papers_case BYTES NOT NULL,
  dispute_case BYTES NOT NULL, dispute_until INT NOT NULL, payout BYTES NOT NULL, payouts INT NOT NULL,
  generated_at INT NOT NULL, finished_at INT, policy_version INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX settlement_statements_at ON settlement_statements (generated_at, id);
CREATE INDEX settlement_statements_party ON settlement_statements (party, generated_at, id);
CREATE INDEX settlement_statements_undated ON settlement_statements (id) WHERE calendar_missing = 1;
CREATE INDEX settlement_statements_due ON settlement_statements (overdue_at, id) WHERE overdue_at IS NOT NULL;

CREATE TABLE settlement_items (
  item BYTES NOT NULL, payee BYTES NOT NULL, kind TEXT NOT NULL, gross INT NOT NULL, service_fee INT NOT NULL,
  compensation INT NOT NULL, adjustment INT NOT NULL, net INT NOT NULL, booked_at INT NOT NULL, month TEXT NOT NULL,
  statement BYTES NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (item))@;
CREATE INDEX settlement_items_statement ON settlement_items (payee, statement, booked_at, item);
CREATE INDEX settlement_items_payee ON settlement_items (payee, booked_at, item);
CREATE INDEX settlement_items_unlisted ON settlement_items (booked_at, item) WHERE month = '';

CREATE TABLE settlement_listings (
  party BYTES NOT NULL, month TEXT NOT NULL, items INT NOT NULL, net INT NOT NULL, listed_at INT,
  PRIMARY KEY (party, month))@;
CREATE INDEX settlement_listings_untold ON settlement_listings (party, month) WHERE listed_at IS NULL;

CREATE TABLE settlement_payouts (
  payout BYTES NOT NULL, statement BYTES NOT NULL, n INT NOT NULL, amount INT NOT NULL, paid INT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (payout))@;
CREATE INDEX settlement_payouts_statement ON settlement_payouts (statement, n);
