// BallastMachine
