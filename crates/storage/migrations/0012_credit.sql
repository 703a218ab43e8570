-- The pay-later limit: shops, what is known of them, evaluations, orders and their events.

CREATE TABLE credit_shops (
  party BYTES NOT NULL, total INT NOT NULL, frozen INT NOT NULL, reserved INT NOT NULL, due INT NOT NULL,
  epoch INT NOT NULL, evaluations INT NOT NULL, evaluated_at INT NOT NULL, next_on TEXT,
  unpaid INT NOT NULL, large_at INT, locked_until INT,
  warned INT NOT NULL, high_on TEXT NOT NULL, high_total INT NOT NULL, opened_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party))@;
CREATE INDEX credit_shops_next ON credit_shops (next_on, party) WHERE next_on IS NOT NULL;

CREATE TABLE credit_shop_facts (
  party BYTES NOT NULL, facts TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party))@;

CREATE TABLE credit_evaluations (
  party BYTES NOT NULL, seq INT NOT NULL, at INT NOT NULL, cause TEXT NOT NULL, before INT NOT NULL,
  total INT NOT NULL, steps BYTES NOT NULL, policy_version INT NOT NULL,
  PRIMARY KEY (party, seq))@;

CREATE TABLE credit_orders (
  id BYTES NOT NULL, merchant BYTES NOT NULL, external_id TEXT NOT NULL, amount INT NOT NULL, currency TEXT NOT NULL,
  authorised_at INT NOT NULL, reserved INT NOT NULL, shipped INT NOT NULL, cancelled INT NOT NULL,
  receivable INT NOT NULL, due INT NOT NULL, liability INT NOT NULL, prepaid INT NOT NULL, paid INT NOT NULL,
  forgiven INT NOT NULL, returned INT NOT NULL, lost INT NOT NULL, recourse INT NOT NULL, epoch INT NOT NULL, due_on TEXT, shipped_at INT,
  changed_at INT NOT NULL, policy_version INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX credit_orders_merchant ON credit_orders (merchant, authorised_at, id);
CREATE INDEX credit_orders_open ON credit_orders (merchant, due_on, id) WHERE receivable > 0;

CREATE TABLE credit_order_events (
  order_id BYTES NOT NULL, event_id TEXT NOT NULL, kind TEXT NOT NULL, amount INT NOT NULL, at INT NOT NULL,
  grp INT NOT NULL,
  PRIMARY KEY (order_id, event_id))@;
