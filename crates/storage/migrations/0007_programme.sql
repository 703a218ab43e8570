-- Agencies and their creators; the programme and its months.

CREATE TABLE memberships (
  creator BYTES NOT NULL, id BYTES NOT NULL, agency BYTES NOT NULL, from_at INT NOT NULL, to_at INT,
  contact TEXT NOT NULL, created_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (creator, id))@;
CREATE INDEX memberships_agency ON memberships (agency, from_at, id);

CREATE TABLE creator_agencies (
  creator BYTES NOT NULL, spans TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (creator))@;

CREATE INDEX task_orders_agency ON task_orders (payee, accepted_at, id) WHERE kind = 'agency_signed';

CREATE TABLE programme_members (
  creator BYTES NOT NULL, spans TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (creator))@;

CREATE TABLE programme_months (
  month TEXT NOT NULL, state TEXT NOT NULL, total INT NOT NULL, done INT NOT NULL, begun_at INT NOT NULL,
  drafted_at INT, published_at INT, version INT NOT NULL,
  PRIMARY KEY (month))@;

CREATE TABLE programme_creators (
  creator BYTES NOT NULL, month TEXT NOT NULL, state TEXT NOT NULL, payees TEXT NOT NULL, fee_ppm INT,
  fee_minor INT, incentive INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (creator, month))@;
CREATE INDEX programme_creators_open ON programme_creators (month, creator) WHERE state = 'open' AND payees <> '';

CREATE TABLE programme_statements (
  id BYTES NOT NULL, creator BYTES NOT NULL, payee BYTES NOT NULL, month TEXT NOT NULL, state TEXT NOT NULL,
  blocked TEXT NOT NULL, currency TEXT NOT NULL, orders INT NOT NULL, income INT NOT NULL, fee INT NOT NULL,
  incentive INT NOT NULL, result INT NOT NULL, adjusted INT NOT NULL, published_at INT, dispute_until INT,
  disputes INT NOT NULL, dispute_open INT NOT NULL, dispute_case BYTES NOT NULL, posting BYTES NOT NULL, policy_version INT NOT NULL,
  version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX programme_statements_month ON programme_statements (month, state, id);
CREATE INDEX programme_statements_payee ON programme_statements (payee, month, id);
CREATE INDEX programme_statements_disputed ON programme_statements (month, id) WHERE dispute_open = 1;

CREATE TABLE programme_lines (
  statement BYTES NOT NULL, task_order BYTES NOT NULL, gross INT NOT NULL, service_fee INT NOT NULL,
  net INT NOT NULL, settled_at INT NOT NULL,
  PRIMARY KEY (statement, task_order))@;

CREATE TABLE programme_disputes (
  statement BYTES NOT NULL, number INT NOT NULL, opened_at INT NOT NULL, case_id BYTES NOT NULL, state TEXT NOT NULL,
  answered_at INT, reason TEXT NOT NULL, component TEXT NOT NULL, amount INT NOT NULL, shortage INT NOT NULL,
  posting BYTES NOT NULL, version INT NOT NULL,
  PRIMARY KEY (statement, number))@;
