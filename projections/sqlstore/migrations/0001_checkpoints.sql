-- One row for each table of rows: what it is, how far it reflects the ledger,
-- and the epoch of the runner that may write it.
CREATE TABLE checkpoints (
	tbl      text   NOT NULL PRIMARY KEY,
	model    text   NOT NULL,
	version  bigint NOT NULL,
	shape    text   NOT NULL,
	state    text   NOT NULL,
	position bigint NOT NULL,
	parked   bigint NOT NULL,
	epoch    bigint NOT NULL
);

-- Streams whose events are not folded from a position on.
CREATE TABLE parked (
	tbl      text   NOT NULL,
	stream   text   NOT NULL,
	position bigint NOT NULL,
	reason   text   NOT NULL,
	PRIMARY KEY (tbl, stream)
);
