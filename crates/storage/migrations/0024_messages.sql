-- How many messages of a party are not read yet.

CREATE INDEX messages_unread ON messages (party, id) WHERE read_at IS NULL;
