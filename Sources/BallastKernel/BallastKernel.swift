// BallastKernel
