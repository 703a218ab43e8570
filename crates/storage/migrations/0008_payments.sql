-- Money in (P11): payment orders, what rails received, what goes back; and the sandbox cashier's own books.

CREATE TABLE payment_orders (
  id BYTES NOT NULL, party BYTES NOT NULL, purpose TEXT NOT NULL, method TEXT NOT NULL, amount INT NOT NULL,
  currency TEXT NOT NULL, state TEXT NOT NULL, created_at INT NOT NULL, expires_at INT NOT NULL, closed_at INT,
  paid_at INT, payments INT NOT NULL, received INT NOT NULL, refunded INT NOT NULL, previous BYTES NOT NULL,
  next BYTES NOT NULL, code TEXT NOT NULL, return_url TEXT NOT NULL, policy_version INT NOT NULL,
  version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX payment_orders_party ON payment_orders (party, created_at, id);
CREATE INDEX payment_orders_created ON payment_orders (created_at, id);
CREATE INDEX payment_orders_code ON payment_orders (code);
CREATE INDEX payment_orders_open ON payment_orders (party) WHERE state IN ('created', 'pending');
CREATE INDEX payment_orders_received ON payment_orders (party) WHERE received > 0;

CREATE TABLE payments (
  id BYTES NOT NULL, order_id BYTES NOT NULL, party BYTES NOT NULL, method TEXT NOT NULL,
  rail_payment TEXT NOT NULL, note TEXT NOT NULL, amount INT NOT NULL, currency TEXT NOT NULL, expected INT,
  timing TEXT NOT NULL, place TEXT NOT NULL, arrears INT NOT NULL, cash INT NOT NULL, refunding INT NOT NULL,
  refunded INT NOT NULL, paid_at INT, recorded_at INT NOT NULL, assigned_at INT, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX payments_order ON payments (order_id, recorded_at, id);
CREATE INDEX payments_recorded ON payments (recorded_at, id);
CREATE INDEX payments_waiting ON payments (recorded_at, id) WHERE place <> 'credited';

CREATE TABLE payment_refunds (
  id BYTES NOT NULL, payment BYTES NOT NULL, order_id BYTES NOT NULL, party BYTES NOT NULL, method TEXT NOT NULL,
  amount INT NOT NULL, currency TEXT NOT NULL, state TEXT NOT NULL, code TEXT NOT NULL, requested_at INT NOT NULL,
  finished_at INT, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX payment_refunds_payment ON payment_refunds (payment, id);

CREATE TABLE sandbox_payments (
  reference TEXT NOT NULL, payment TEXT NOT NULL, amount INT NOT NULL, plan TEXT NOT NULL, calls INT NOT NULL,
  refunded INT NOT NULL, refunds TEXT NOT NULL, at INT NOT NULL,
  PRIMARY KEY (reference, payment))@;
