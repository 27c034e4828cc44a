#!/bin/sh
# Runs once, on an empty data directory: the database and the three roles, none of which is a superuser.
set -eu

# By environment, not by arguments: a command line is for everybody to read.
psql -v ON_ERROR_STOP=1 -qX --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner KONSTRUCT_OWNER_PASSWORD
\getenv app KONSTRUCT_APP_PASSWORD
\getenv platform KONSTRUCT_PLATFORM_PASSWORD
CREATE ROLE konstruct_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'owner';
CREATE ROLE konstruct_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'app';
CREATE ROLE konstruct_platform LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'platform';
CREATE DATABASE konstruct OWNER konstruct_owner;
REVOKE ALL ON DATABASE konstruct FROM PUBLIC;
GRANT CONNECT ON DATABASE konstruct TO konstruct_app, konstruct_platform;
SQL
