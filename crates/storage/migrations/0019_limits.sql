-- What buyers owe too late is added up from this index alone, whatever the number of orders.

DROP INDEX credit_orders_open;
CREATE INDEX credit_orders_late ON credit_orders (merchant, due_on, receivable, due) WHERE receivable > due;
