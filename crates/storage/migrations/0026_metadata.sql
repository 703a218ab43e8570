-- Free values of the platform on task orders, withdrawals and payment orders.

ALTER TABLE task_orders ADD COLUMN metadata TEXT NOT NULL DEFAULT '';
ALTER TABLE withdrawals ADD COLUMN metadata TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_orders ADD COLUMN metadata TEXT NOT NULL DEFAULT '';
