// BallastTraces
