import BallastUnits

/// Everything that explains one VM at one moment of a run: where it stands, what it is entitled to and why, what was
/// decided about it, and what admission holds for it.
///
/// Amounts are kHz for CPU and bytes for memory, times nanoseconds from the start.
public struct VMExplanation: Sendable, Equatable, Codable {
  /// A row of `events.csv` about the VM.
  public struct Event: Sendable, Equatable, Codable {
    public var time: SimTime
    public var event: String
    public var from: String
    public var to: String
    public var detail: String
    public init(time: SimTime, event: String, from: String, to: String, detail: String) {
      self.time = time
      self.event = event
      self.from = from
      self.to = to
      self.detail = detail
    }
  }

  /// A VM whose host failed waits to start again.
  public struct Restart: Sendable, Equatable, Codable {
    public var notBefore: SimTime
    /// The only host it may start on; nil: any.
    public var only: String?
    public var lastHost: String
    public init(notBefore: SimTime, only: String?, lastHost: String) {
      self.notBefore = notBefore
      self.only = only
      self.lastHost = lastHost
    }
  }

  /// How memory is reclaimed on its host, and what that means for the VM.
  public struct Memory: Sendable, Equatable, Codable {
    /// "none" also where a policy has not decided anything yet.
    public var policy: String
    /// Nil without a tax.
    public var taxed: Taxed?
    /// Nil where the policy knows no states.
    public var state: MemoryState?
    /// Bytes of the host that count as free, and below which the policy acts.
    public var free: Int64
    public var wanted: Int64
    /// What it holds and is at the moment, and what the last decision made of it.
    public var vm: MemoryExplanation
    /// Bytes it waits for and cannot be given now, overhead included; nil: none. It stands still meanwhile.
    public var waiting: Int64?
    public init(
      policy: String, taxed: Taxed? = nil, state: MemoryState?, free: Int64, wanted: Int64,
      vm: MemoryExplanation, waiting: Int64? = nil
    ) {
      self.policy = policy
      self.taxed = taxed
      self.state = state
      self.free = free
      self.wanted = wanted
      self.vm = vm
      self.waiting = waiting
    }

    /// Bytes above which it is stopped, where it holds more.
    public var stoppedAbove: Int64? { vm.stoppedAbove.flatMap { vm.held > $0 ? $0 : nil } }
    public var standsStill: Bool { waiting != nil || stoppedAbove != nil }
  }

  public var vm: String
  /// The moment asked for; changes at this instant count.
  public var time: SimTime
  /// As in `vms.csv`: on, off, refused, migrating, restarting.
  public var state: String
  public var cluster: String
  /// Path; empty for none.
  public var pool: String
  public var host: String?
  /// Where a migration that runs or waits takes it.
  public var movesTo: String?
  /// When the scenario starts it.
  public var start: SimTime
  public var restart: Restart?
  public var refusal: Refusal?
  /// What the last decision granted, kHz and bytes: `cpu_entitled_mhz` and `mem_entitled_mib` of a sample that saw no
  /// other. Nil while it does not run.
  public var granted: AdmissionExplanation.Amounts?
  /// Why, of the last decision at or before the moment; nil while it does not run.
  public var cpu: EntitlementExplanation?
  /// Nil also where a tax on idle memory divides: then `memoryControl` says why.
  public var memory: EntitlementExplanation?
  public var memoryControl: Memory?
  /// Where admission checks reservations.
  public var admission: AdmissionExplanation?
  public var migrations: Int64
  public var restarts: Int64
  /// Standing still because of migrations and failures, ns.
  public var downtime: SimDuration
  /// Placements, moves, restarts and refusals so far, the last ones; in order of time.
  public var decisions: [DecisionRecord]
  /// What happened to it so far, the last ones; in order of time.
  public var events: [Event]
  /// Decisions and events before those that are shown.
  public var decisionsBefore: Int
  public var eventsBefore: Int

  public init(
    vm: String, time: SimTime, state: String, cluster: String, pool: String, host: String? = nil,
    movesTo: String? = nil, start: SimTime = .zero, restart: Restart? = nil,
    refusal: Refusal? = nil, granted: AdmissionExplanation.Amounts? = nil,
    cpu: EntitlementExplanation? = nil, memory: EntitlementExplanation? = nil,
    memoryControl: Memory? = nil, admission: AdmissionExplanation? = nil, migrations: Int64 = 0,
    restarts: Int64 = 0, downtime: SimDuration = .zero, decisions: [DecisionRecord] = [],
    events: [Event] = [], decisionsBefore: Int = 0, eventsBefore: Int = 0
  ) {
    self.vm = vm
    self.time = time
    self.state = state
    self.cluster = cluster
    self.pool = pool
    self.host = host
    self.movesTo = movesTo
    self.start = start
    self.restart = restart
    self.refusal = refusal
    self.granted = granted
    self.cpu = cpu
    self.memory = memory
    self.memoryControl = memoryControl
    self.admission = admission
    self.migrations = migrations
    self.restarts = restarts
    self.downtime = downtime
    self.decisions = decisions
    self.events = events
    self.decisionsBefore = decisionsBefore
    self.eventsBefore = eventsBefore
  }
}
