// BallastSimulator
