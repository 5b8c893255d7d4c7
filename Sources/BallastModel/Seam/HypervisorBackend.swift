/// A host that can be observed and controlled: simulated, recorded or real.
public protocol HypervisorBackend: ~Copyable {
  /// What the host can know now. Counters cover the time since the last call that differenced them, or the backend's
  /// own sampling interval; `seen` keeps its storage.
  mutating func observe(into seen: inout HostObservation) throws(BackendError)

  /// Requests the plan. Returns what could not even be requested; effects show in later observations.
  ///
  /// A plan for VMs that have since gone is refused row by row; a plan made from an observation that this backend
  /// never gave is an error.
  mutating func apply(_ plan: HostPlan) throws(BackendError) -> [ActuationFailure]
}

public enum BackendError: Error, Sendable, Equatable {
  /// Nothing answers now; change nothing and try again later.
  case unavailable(String)
  /// The plan answers an observation that this backend did not give.
  case planOfUnknownObservation(UInt64)
  /// A recording is at its end.
  case endOfRecording
}
