import BallastKVM

func openHost(_ uri: String?, isReadOnly: Bool) throws(RecordingFailure) -> any HostSystem {
  throw .host(.unavailable("later"))
}
extension HostSystemError {
  var words: String {
    switch self {
    case .unavailable(let words), .denied(let words), .noSuchDomain(let words), .unsupported(let words), .timedOut(let words), .refused(let words): words
    }
  }
}
