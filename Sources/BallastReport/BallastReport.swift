// BallastReport
