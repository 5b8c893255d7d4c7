// BallastScenario
