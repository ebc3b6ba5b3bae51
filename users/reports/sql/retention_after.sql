-- Members by cohort and by the age at which each was last active. "On or after N" is the sum from N on, so no
-- customer-day is read: a million customers take one pass over their standings.
SELECT value, cohort, last_age AS slot, count(*) FROM ({members}) member GROUP BY 1, 2, 3
