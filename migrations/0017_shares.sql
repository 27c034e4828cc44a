-- How much of the directory's log each tenant has filled.

-- What a change takes there, nearly. Made of the row, so those that are here have it as well, and sums
-- need not read the states.
ALTER TABLE p_change ADD COLUMN bytes bigint NOT NULL
    GENERATED ALWAYS AS (octet_length(state::text)) STORED;
