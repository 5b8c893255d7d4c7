// BallastModel
