-- Bookings on the platform's accounts as the bank first told them: what a notification tells in parts and a statement as a whole
-- is one booking.
CREATE TABLE bank_bookings (
  id BYTES NOT NULL, message BYTES NOT NULL, amount INT NOT NULL, lines BYTES NOT NULL, booked INT NOT NULL,
  money_in INT NOT NULL, version INT NOT NULL,
  PRIMARY KEY (id))@;
