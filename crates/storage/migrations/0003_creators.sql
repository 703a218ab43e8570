-- Parties, task orders, overview, payout accounts, withdrawals, rails.
-- Ids of parties and task orders are derived from the platform's own ids, so no table of references is needed.

CREATE TABLE parties (
  id BYTES NOT NULL, external_id TEXT NOT NULL, display_name TEXT NOT NULL, roles INT NOT NULL,
  legal_form TEXT NOT NULL, class TEXT NOT NULL, status TEXT NOT NULL, status_reason TEXT NOT NULL,
  metadata TEXT NOT NULL, created_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX parties_created ON parties (created_at, id);

CREATE TABLE task_orders (
  id BYTES NOT NULL, creator BYTES NOT NULL, payee BYTES NOT NULL, external_id TEXT NOT NULL, title TEXT NOT NULL,
  kind TEXT NOT NULL, fee_ppm INT NOT NULL, task_type TEXT NOT NULL, status TEXT NOT NULL, stage TEXT NOT NULL,
  amount INT NOT NULL, currency TEXT NOT NULL, accepted_at INT NOT NULL, completed_at INT, settle_due_at INT,
  calendar_missing INT NOT NULL,
  settled_at INT, cancelled_at INT, service_fee INT, compensation INT, net INT, policy_version INT NOT NULL,
  version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX task_orders_creator ON task_orders (creator, accepted_at, id);
CREATE INDEX task_orders_undated ON task_orders (completed_at, id) WHERE calendar_missing = 1;
CREATE INDEX task_orders_due ON task_orders (settle_due_at) WHERE settle_due_at IS NOT NULL;

CREATE TABLE earnings_totals (
  party BYTES NOT NULL, month TEXT NOT NULL, total_task INT NOT NULL, routed_task INT NOT NULL,
  settled_gross INT NOT NULL, service_fee INT NOT NULL, compensation INT NOT NULL, settled_net INT NOT NULL,
  withdrawn INT NOT NULL, in_transit INT NOT NULL,
  PRIMARY KEY (party, month))@;

CREATE TABLE payout_accounts (
  id BYTES NOT NULL, party BYTES NOT NULL, kind TEXT NOT NULL, number TEXT NOT NULL, masked TEXT NOT NULL,
  first INT NOT NULL, is_default INT NOT NULL, locked INT NOT NULL, bound_at INT NOT NULL, unbound_at INT,
  version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX payout_accounts_party ON payout_accounts (party, bound_at, id);

CREATE TABLE withdrawals (
  id BYTES NOT NULL, party BYTES NOT NULL, destination BYTES NOT NULL, rail TEXT NOT NULL, source TEXT NOT NULL,
  amount INT NOT NULL, fee INT NOT NULL, net INT NOT NULL, currency TEXT NOT NULL, state TEXT NOT NULL,
  reason TEXT NOT NULL, requested_at INT NOT NULL, requested_on TEXT NOT NULL, dispatch_at INT NOT NULL,
  expected_at INT, deadline_at INT NOT NULL, people_needed INT NOT NULL, approvals TEXT NOT NULL,
  review TEXT NOT NULL, slices TEXT NOT NULL, queued INT NOT NULL, next_at INT NOT NULL, finished_at INT,
  policy_version INT NOT NULL,
  version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX withdrawals_party ON withdrawals (party, requested_at, id);
CREATE INDEX withdrawals_queue ON withdrawals (rail, next_at, id) WHERE queued = 1;

CREATE TABLE withdrawal_usage (
  party BYTES NOT NULL, period TEXT NOT NULL, amount INT NOT NULL, requests INT NOT NULL, standing INT NOT NULL,
  PRIMARY KEY (party, period))@;

CREATE TABLE rails (
  name TEXT NOT NULL, marked_short INT NOT NULL, healthy INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (name))@;

CREATE TABLE sandbox_payouts (
  reference TEXT NOT NULL, amount INT NOT NULL, account TEXT NOT NULL, state TEXT NOT NULL, plan TEXT NOT NULL,
  calls INT NOT NULL, paid INT NOT NULL, returned INT NOT NULL, at INT NOT NULL,
  PRIMARY KEY (reference))@;
