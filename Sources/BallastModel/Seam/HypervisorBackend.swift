/// A host that can be observed and controlled: simulated, recorded or real.
public protocol HypervisorBackend: ~Copyable {
  /// What the host can know now. Counters cover the time since the last call that differenced them, or the backend's
  /// own sampling interval; the first observation has interval zero unless the host kept counters before it.
  ///
  /// Rows ascend by VM index, counters are not negative, and run + ready time of a VM is at most vCPUs × interval, give
  /// or take a nanosecond of rounding. Each observation has a higher `sequence` than the one before. `seen` keeps its
  /// storage; after an error its content is not to be used.
  mutating func observe(into seen: inout HostObservation) throws(BackendError)

  /// Requests the plan. Returns what could not even be requested; effects show in later observations.
  ///
  /// A plan for VMs that have since gone is refused row by row and the rest is taken; a plan made from an observation
  /// that this backend never gave is an error, and nothing of it is taken. Applying a plan twice is applying it once.
  mutating func apply(_ plan: HostPlan) throws(BackendError) -> [ActuationFailure]
}

public enum BackendError: Error, Sendable, Equatable, Codable {
  /// Nothing answers now; change nothing and try again later.
  case unavailable(String)
  /// The plan answers an observation that this backend did not give.
  case planOfUnknownObservation(UInt64)
  /// A recording is at its end.
  case endOfRecording
}
