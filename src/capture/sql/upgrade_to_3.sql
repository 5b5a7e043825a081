-- From format 2, whose sequence "pulse" stays behind: a dump under way would keep it from being
-- dropped.
CREATE TABLE {{schema}}.mark (
  one   boolean PRIMARY KEY CHECK (one),
  value text NOT NULL
);

CREATE SEQUENCE {{schema}}.home MINVALUE 0 START 0;

CREATE UNLOGGED TABLE {{schema}}.unlogged (present boolean);
-- A crash since the tables were last looked at was told by another start of the server.
INSERT INTO {{schema}}.unlogged SELECT true
  WHERE NOT EXISTS (SELECT FROM {{schema}}.fingerprint f, unnest(f.content::text[]) e
                    WHERE e LIKE 'unlogged %' AND e NOT LIKE '% ' || pg_postmaster_start_time());
