-- Roles and databases of a record, as docker-compose.yml uses them. The ledger's
-- tables belong to one role and are written by another, which may read and append
-- and nothing else (`caseledger migrate up --app-role caseledger`). The keys are
-- in a database of their own, so that their backups are, too.
--
-- The passwords are those of a machine that nobody else reaches. Give others.
CREATE ROLE ledger_owner LOGIN PASSWORD 'owner-of-this-machine';
CREATE ROLE caseledger LOGIN PASSWORD 'server-of-this-machine';
CREATE DATABASE ledger OWNER ledger_owner;
CREATE DATABASE keys OWNER caseledger;
CREATE DATABASE views OWNER caseledger;
REVOKE CONNECT ON DATABASE ledger, keys, views FROM PUBLIC;
GRANT CONNECT ON DATABASE ledger TO caseledger;
