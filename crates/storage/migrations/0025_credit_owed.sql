-- What shops owe beside what their orders keep as beyond the limit, so that a liability is proved to the last fen.

ALTER TABLE credit_shops ADD COLUMN owed INT NOT NULL DEFAULT 0;
UPDATE credit_shops SET owed =
  COALESCE((SELECT CAST(SUM(a.posted) AS BIGINT) FROM account_info i JOIN accounts a ON a.id = i.id
    WHERE i.owner = credit_shops.party AND i.kind = 7), 0) -
  COALESCE((SELECT CAST(SUM(o.liability) AS BIGINT) FROM credit_orders o
    WHERE o.merchant = credit_shops.party AND o.epoch = credit_shops.epoch), 0);
