-- Addresses of the platform that are told of events, and what was sent to them.

CREATE TABLE webhooks (
  id BYTES NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL, wanted TEXT NOT NULL, state TEXT NOT NULL,
  reason TEXT NOT NULL, generation INT NOT NULL, old_until INT, places TEXT NOT NULL, failing_since INT,
  created_at INT NOT NULL, created_by TEXT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;

CREATE TABLE webhook_deliveries (
  webhook BYTES NOT NULL, id BYTES NOT NULL, grp INT NOT NULL, n INT NOT NULL, kind TEXT NOT NULL, at INT NOT NULL,
  state TEXT NOT NULL, attempts INT NOT NULL, rounds INT NOT NULL, next_at INT, tried_at INT, status INT,
  error TEXT NOT NULL,
  PRIMARY KEY (webhook, id))@;
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (tried_at) WHERE state <> 'pending';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (webhook, id) WHERE state = 'failed';
