-- What lists and watches of withdrawals read. All but the last hold open withdrawals only: they stay small.

CREATE INDEX withdrawals_open ON withdrawals (state, requested_at, id, rail) WHERE finished_at IS NULL;
CREATE INDEX withdrawals_clock ON withdrawals (deadline_at, id) WHERE finished_at IS NULL;
CREATE INDEX withdrawals_undated ON withdrawals (id) WHERE state = 'waiting_for_funds' AND expected_at IS NULL;
CREATE INDEX withdrawals_time ON withdrawals (requested_at, id);
