-- recorded_at is in microseconds since 1970; stream is the stored form of a
-- stream's name, 17 bytes; body is never looked into.
CREATE TABLE caseledger.events (
	position bigint NOT NULL,
	recorded_at bigint NOT NULL,
	revision bigint NOT NULL,
	event_id uuid NOT NULL,
	stream bytea NOT NULL,
	body bytea NOT NULL,
	CONSTRAINT events_position PRIMARY KEY (position),
	CONSTRAINT events_event_id UNIQUE (event_id),
	CONSTRAINT events_stream UNIQUE (stream, revision)
);

-- A body is sealed: it does not shrink, and trying costs time.
ALTER TABLE caseledger.events ALTER COLUMN body SET STORAGE EXTERNAL;

-- The end of the ledger. Whoever appends holds this row until the commit. It is
-- rewritten with every commit: the room left lets PostgreSQL do so in place.
CREATE TABLE caseledger.head (
	one boolean NOT NULL DEFAULT true CHECK (one),
	position bigint NOT NULL,
	recorded_at bigint NOT NULL,
	CONSTRAINT head_one PRIMARY KEY (one)
) WITH (fillfactor = 10);

INSERT INTO caseledger.head (position, recorded_at) VALUES (0, -9223372036854775808);
