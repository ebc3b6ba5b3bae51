-- The groups of the past that the model is held against; counts alone, for the minutes of the computation.
DROP TABLE IF EXISTS users_value_past;

CREATE UNLOGGED TABLE users_value_past (
    x bigint NOT NULL, t_x integer NOT NULL, age integer NOT NULL, customers bigint NOT NULL, later bigint NOT NULL
)
