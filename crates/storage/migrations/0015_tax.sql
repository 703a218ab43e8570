-- Income tax withheld from individuals (X18).

CREATE TABLE tax_months (
  party BYTES NOT NULL, month TEXT NOT NULL, income INT NOT NULL, withheld INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (party, month))@;

ALTER TABLE programme_statements ADD COLUMN tax INT NOT NULL DEFAULT 0;
