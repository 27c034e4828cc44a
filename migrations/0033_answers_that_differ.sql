-- Whether the candidate's answer differs from what the person got, so that a list of runs opens no turn.
-- Nobody knows it of what was asked before.
ALTER TABLE replay_case ADD COLUMN differs boolean;
