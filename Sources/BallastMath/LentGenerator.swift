import BallastKernel
import CBallastRandom
import CGSL

extension RandomStream {
  /// Lends the stream's eight bytes to GSL for the length of `body`; what GSL draws, the stream has
  /// drawn. The generator must not outlive the call.
  package mutating func withGSL<Result>(
    _ body: (UnsafePointer<gsl_rng>) -> Result
  ) -> Result {
    withUnsafeMutablePointer(to: &state) { state in
      withUnsafePointer(to: ballast_lend(state), body)
    }
  }
}
