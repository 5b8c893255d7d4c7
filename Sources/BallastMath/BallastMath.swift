// BallastMath
