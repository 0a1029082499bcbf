"""What the transform of people is measured against: one plain ``INSERT … SELECT`` over the same join, by a person's hand.

The newest version of each source by key, the appointments gathered, the columns by the same precedence, what is blank
taken for nothing, into a table with the same indexes; without affiliations, scores, hashes, checks, and without a word on
what it has done.
"""

from __future__ import annotations

import time
from contextlib import closing

import psycopg2

_MADE = (
    "DROP TABLE IF EXISTS silver.plain_users",
    "CREATE TABLE silver.plain_users (LIKE silver.users INCLUDING ALL)",
    "ANALYZE bronze.latest, bronze.raw_entities (raw_id)",
)
_PLAIN = """
INSERT INTO silver.plain_users (
    uniqname, umich_empl_id, ldap_uid_number, tdx_user_uid, first_name, last_name, full_name, primary_email, work_phone,
    job_title, tdx_job_title, department_id, department_job_titles, department_ids, job_codes, supervisor_ids, work_city,
    work_state, work_postal_code, work_country, work_address_line1, work_address_line2, is_active,
    mcommunity_ou_affiliations, ou_department_ids, ad_group_memberships, data_quality_score, quality_flags, source_system,
    source_entity_id, entity_hash, created_at, updated_at, ingestion_run_id)
SELECT n.natural_key, coalesce(u.empl_id, nullif(btrim(t.data ->> 'ExternalID'), '')), nullif(btrim(m.data ->> 'uidNumber'), ''), nullif(btrim(t.data ->> 'UID'), ''),
    coalesce(nullif(btrim(t.data ->> 'FirstName'), ''), u.first_name, nullif(btrim(m.data ->> 'givenName'), '')),
    coalesce(nullif(btrim(t.data ->> 'LastName'), ''), u.last_name, nullif(btrim(m.data ->> 'sn'), '')),
    coalesce(nullif(btrim(t.data ->> 'FullName'), ''), u.name, nullif(btrim(m.data ->> 'displayName'), '')),
    coalesce(nullif(btrim(t.data ->> 'PrimaryEmail'), ''), nullif(btrim(m.data ->> 'mail'), '')),
    coalesce(nullif(btrim(t.data ->> 'WorkPhone'), ''), u.phone, nullif(btrim(m.data ->> 'telephoneNumber'), '')),
    coalesce(u.title, nullif(btrim(m.data ->> 'umichTitle'), '')), nullif(btrim(t.data ->> 'Title'), ''), u.department_id, coalesce(u.titles, '[]'),
    coalesce(u.departments, '[]'), coalesce(u.codes, '[]'), coalesce(u.supervisors, '[]'),
    coalesce(nullif(btrim(t.data ->> 'WorkCity'), ''), u.city), coalesce(nullif(btrim(t.data ->> 'WorkState'), ''), u.state),
    coalesce(nullif(btrim(t.data ->> 'WorkZip'), ''), u.postal), nullif(btrim(t.data ->> 'WorkCountry'), ''), coalesce(nullif(btrim(t.data ->> 'WorkAddress'), ''), u.address1),
    u.address2, coalesce((t.data ->> 'IsActive')::boolean, true), coalesce(m.data -> 'ou', '[]'), '[]', '[]', 1, '[]',
    'tdx+mcommunity_ldap+umich_api', coalesce(u.empl_id, n.natural_key), repeat('0', 64), now(), now(),
    '00000000-0000-0000-0000-000000000000'
FROM (
    SELECT natural_key, max(raw_id) FILTER (WHERE source_system = 'tdx') AS tdx,
        max(raw_id) FILTER (WHERE source_system = 'mcommunity_ldap') AS mcommunity
    FROM bronze.latest
    WHERE entity_type = 'user' AND content_hash IS NOT NULL AND natural_key IS NOT NULL
    GROUP BY natural_key
) AS n
LEFT JOIN (SELECT raw_id, raw_data AS data FROM bronze.raw_entities) AS t ON t.raw_id = n.tdx
LEFT JOIN (SELECT raw_id, raw_data AS data FROM bronze.raw_entities) AS m ON m.raw_id = n.mcommunity
LEFT JOIN (
    SELECT natural_key, min(empl_id) FILTER (WHERE first) AS empl_id, min(first_name) FILTER (WHERE first) AS first_name,
        min(last_name) FILTER (WHERE first) AS last_name, min(name) FILTER (WHERE first) AS name,
        min(phone) FILTER (WHERE first) AS phone, min(title) FILTER (WHERE first) AS title,
        min(department_id) FILTER (WHERE first) AS department_id, min(city) FILTER (WHERE first) AS city,
        min(state) FILTER (WHERE first) AS state, min(postal) FILTER (WHERE first) AS postal,
        min(address1) FILTER (WHERE first) AS address1, min(address2) FILTER (WHERE first) AS address2,
        jsonb_agg(department_title ORDER BY place) AS titles, jsonb_agg(department_id ORDER BY place) AS departments,
        jsonb_agg(code ORDER BY place) AS codes, jsonb_agg(supervisor ORDER BY place) AS supervisors
    FROM (
        SELECT l.natural_key, nullif(btrim(d ->> 'EmplId'), '') AS empl_id, nullif(btrim(d ->> 'FirstName'), '') AS first_name, nullif(btrim(d ->> 'LastName'), '') AS last_name,
            nullif(btrim(d ->> 'Name'), '') AS name, nullif(btrim(d ->> 'Work_Phone'), '') AS phone, nullif(btrim(d ->> 'UniversityJobTitle'), '') AS title,
            nullif(btrim(d ->> 'DepartmentId'), '') AS department_id, nullif(btrim(d ->> 'Work_City'), '') AS city, nullif(btrim(d ->> 'Work_State'), '') AS state,
            nullif(btrim(d ->> 'Work_Postal'), '') AS postal, nullif(btrim(d ->> 'Work_Address1'), '') AS address1, nullif(btrim(d ->> 'Work_Address2'), '') AS address2,
            nullif(btrim(d ->> 'DepartmentJobTitle'), '') AS department_title, nullif(btrim(d ->> 'Jobcode'), '') AS code, nullif(btrim(d ->> 'SupervisorId'), '') AS supervisor,
            (d ->> 'EmplRcd')::int AS place,
            row_number() OVER (PARTITION BY l.natural_key ORDER BY (d ->> 'EmplRcd')::int) = 1 AS first
        FROM bronze.latest AS l JOIN (SELECT raw_id, raw_data AS d FROM bronze.raw_entities) AS r USING (raw_id)
        WHERE l.entity_type = 'user' AND l.source_system = 'umich_api' AND l.content_hash IS NOT NULL
    ) AS appointments
    GROUP BY natural_key
) AS u USING (natural_key)
"""


def seconds(url: str) -> float:
    """How long it takes."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        for statement in _MADE:
            cursor.execute(statement)
        begin = time.perf_counter()
        cursor.execute(_PLAIN)
        return time.perf_counter() - begin
