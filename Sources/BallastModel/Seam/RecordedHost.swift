/// One step of a control loop as it was: what was seen, what was asked, what could not be requested.
public struct RecordedStep: Sendable, Equatable, Codable {
  public var observation: HostObservation
  /// The last plan the host took for this observation; nil where it took none.
  public var plan: HostPlan?
  public var failures: [ActuationFailure]
  public init(
    observation: HostObservation, plan: HostPlan? = nil, failures: [ActuationFailure] = []
  ) {
    self.observation = observation
    self.plan = plan
    self.failures = failures
  }
}

/// Replays recorded observations: a decision of last week can be studied, and a changed policy tried on what was seen
/// then. The recording does not answer to the plans; they are kept for comparison.
public struct RecordedHost: HypervisorBackend, Sendable {
  private let observations: [HostObservation]
  /// How many observations have been given.
  private var given = 0
  /// The plans it was given, in order.
  public private(set) var plans: [HostPlan] = []

  public init(_ observations: [HostObservation]) { self.observations = observations }

  public init(_ steps: [RecordedStep]) { self.init(steps.map(\.observation)) }

  /// The next observation as it was recorded, sequence number included.
  public mutating func observe(into seen: inout HostObservation) throws(BackendError) {
    guard given < observations.count else { throw .endOfRecording }
    seen = observations[given]
    given += 1
  }

  /// Refuses the rows of VMs that the next observation no longer has (or, at the end, the last one).
  public mutating func apply(_ plan: HostPlan) throws(BackendError) -> [ActuationFailure] {
    guard observations[..<given].contains(where: { $0.sequence == plan.observation }) else {
      throw .planOfUnknownObservation(plan.observation)
    }
    plans.append(plan)
    let next = observations[min(given, observations.count - 1)]
    return plan.vms.filter { next.row(of: $0) == nil }
      .map { ActuationFailure(vm: $0, setting: "cpu", reason: .noSuchVM) }
  }
}

/// Passes everything through to another backend and keeps the steps, so that any run can be replayed.
public struct RecordingHost<Base: HypervisorBackend & ~Copyable>: HypervisorBackend, ~Copyable {
  public var base: Base
  /// One per observation, in order.
  public private(set) var steps: [RecordedStep] = []

  public init(_ base: consuming Base) { self.base = base }

  public mutating func observe(into seen: inout HostObservation) throws(BackendError) {
    try base.observe(into: &seen)
    steps.append(RecordedStep(observation: seen))
  }

  public mutating func apply(_ plan: HostPlan) throws(BackendError) -> [ActuationFailure] {
    let failures = try base.apply(plan)
    if let step = steps.lastIndex(where: { $0.observation.sequence == plan.observation }) {
      steps[step].plan = plan
      steps[step].failures = failures
    }
    return failures
  }
}

extension RecordingHost: Copyable where Base: Copyable {}
