-- What is counted of a shop's orders, and what people released.

ALTER TABLE credit_shops ADD COLUMN to_ship INT NOT NULL DEFAULT 0;
UPDATE credit_shops SET to_ship = (SELECT count(*) FROM credit_orders
  WHERE credit_orders.merchant = credit_shops.party AND credit_orders.amount > credit_orders.shipped + credit_orders.cancelled);

-- Authorisations end: those of before stand for ninety days too.
ALTER TABLE credit_orders ADD COLUMN expired INT NOT NULL DEFAULT 0;
ALTER TABLE credit_orders ADD COLUMN ends_at INT NOT NULL DEFAULT 0;
UPDATE credit_orders SET ends_at = authorised_at + 7776000000000;
CREATE INDEX credit_orders_ending ON credit_orders (ends_at, id) WHERE amount > shipped + cancelled + prepaid;

-- Releases of signs, each with its own end, instead of one end for all.
ALTER TABLE credit_risks ADD COLUMN releases TEXT NOT NULL DEFAULT '';
UPDATE credit_risks SET releases =
  CASE WHEN released % 2 = 1 THEN 'pay_later_share:' || released_until || ' ' ELSE '' END ||
  CASE WHEN (released / 2) % 2 = 1 THEN 'round_amount:' || released_until || ' ' ELSE '' END ||
  CASE WHEN (released / 4) % 2 = 1 THEN 'near_limit:' || released_until || ' ' ELSE '' END ||
  CASE WHEN (released / 8) % 2 = 1 THEN 'same_device:' || released_until || ' ' ELSE '' END ||
  CASE WHEN (released / 16) % 2 = 1 THEN 'same_address:' || released_until || ' ' ELSE '' END ||
  CASE WHEN (released / 32) % 2 = 1 THEN 'same_payee:' || released_until || ' ' ELSE '' END ||
  CASE WHEN (released / 64) % 2 = 1 THEN 'no_scan:' || released_until || ' ' ELSE '' END ||
  CASE WHEN (released / 128) % 2 = 1 THEN 'drawn_and_refunded:' || released_until || ' ' ELSE '' END ||
  CASE WHEN (released / 256) % 2 = 1 THEN 'after_increase:' || released_until || ' ' ELSE '' END
  WHERE released_until IS NOT NULL;
ALTER TABLE credit_risks DROP COLUMN released;
ALTER TABLE credit_risks DROP COLUMN released_until;
