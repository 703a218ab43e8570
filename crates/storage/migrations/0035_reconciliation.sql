-- Reconciliation: statements of rails, their lines, what each day came to, and what is on one side only.

CREATE TABLE recon_rails (
  rail TEXT NOT NULL, last BYTES NOT NULL, through_on TEXT NOT NULL, closing INT NOT NULL,
  matched_on TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (rail))@;

CREATE TABLE recon_statements (
  id BYTES NOT NULL, rail TEXT NOT NULL, number TEXT NOT NULL, account TEXT NOT NULL, currency TEXT NOT NULL,
  from_on TEXT NOT NULL, to_on TEXT NOT NULL, opening INT NOT NULL, closing INT NOT NULL, total INT NOT NULL,
  lines INT NOT NULL, moved INT NOT NULL, state TEXT NOT NULL, before BYTES NOT NULL, taken_at INT NOT NULL,
  taken_by TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX recon_statements_taken ON recon_statements (taken_at, id);

CREATE TABLE recon_lines (
  statement BYTES NOT NULL, n INT NOT NULL, on_day TEXT NOT NULL, amount INT NOT NULL, reference TEXT NOT NULL,
  rail_reference TEXT NOT NULL, entry BYTES NOT NULL, kind TEXT NOT NULL,
  PRIMARY KEY (statement, n))@;

CREATE TABLE recon_days (
  rail TEXT NOT NULL, day TEXT NOT NULL, statement BYTES NOT NULL, opening INT NOT NULL, closing INT NOT NULL,
  booked_closing INT NOT NULL, lines INT NOT NULL, bookings INT NOT NULL, matched INT NOT NULL, by_amount INT NOT NULL,
  came INT NOT NULL, items INT NOT NULL, done_at INT NOT NULL,
  PRIMARY KEY (rail, day))@;

CREATE TABLE recon_items (
  id BYTES NOT NULL, rail TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, since_on TEXT NOT NULL,
  broke_on TEXT NOT NULL, closed_on TEXT NOT NULL, closed_how TEXT NOT NULL, closed_by TEXT NOT NULL,
  booked INT NOT NULL, told INT NOT NULL, statement BYTES NOT NULL, n INT NOT NULL, transfer BYTES NOT NULL,
  about BYTES NOT NULL, reference TEXT NOT NULL, rail_reference TEXT NOT NULL, entry BYTES NOT NULL, words TEXT NOT NULL,
  other BYTES NOT NULL, case_id BYTES NOT NULL, note TEXT NOT NULL, opened_at INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
CREATE INDEX recon_items_rail ON recon_items (rail, since_on, id);
CREATE INDEX recon_items_state ON recon_items (state, since_on, id);
