SELECT side, count(*), count(*) FILTER (WHERE no_profiling) FROM side GROUP BY side
