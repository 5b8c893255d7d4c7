// BallastManager
