import BallastUnits

/// What an administrator wants of a real host: which domains are managed, what each of them is promised, who takes
/// memory back, and what a controller may never do. Read from a policy file by `readHostPolicy`.
public struct HostPolicy: Sendable, Equatable {
  public var name: String
  /// Time between control steps.
  public var controlInterval = SimDuration.seconds(10)
  /// What words and defaults of shares mean.
  public var profile: HypervisorProfile
  public var reclamation = ReclamationChoice()
  /// Names and globs of the domains that may be changed, beside those that carry Ballast's mark. A glob has at least
  /// one letter of its own: there is no way to say "all".
  public var managed: [String] = []
  /// Settings by name or glob; the first entry that matches a domain holds for it.
  public var domains: [DomainPolicy] = []
  public var safety = SafetySettings()

  public init(name: String, profile: HypervisorProfile) {
    self.name = name
    self.profile = profile
  }

  /// The list names this domain.
  public func lists(_ name: String) -> Bool {
    managed.contains { NamePattern($0).matches(name) }
  }

  /// What the file says of a domain; the usual settings where it says nothing.
  public func settings(of name: String) -> DomainPolicy {
    domains.first { NamePattern($0.name).matches(name) } ?? DomainPolicy(name: name)
  }

  /// What a safeguard is to hold to for a domain; nil where it may not be touched.
  public func terms(of name: String, isMarked: Bool) -> DomainTerms? {
    guard isMarked || lists(name) else { return nil }
    let own = settings(of: name)
    let least = max(own.memoryPolicy.minimum ?? .zero, own.memory.reservation)
    return DomainTerms(memoryMinimum: least.value)
  }
}

/// Settings of the domains that a name or a glob stands for; as in scenarios.
public struct DomainPolicy: Sendable, Equatable {
  public var name: String
  public var cpu = ResourceSettings<Kilohertz>()
  public var memory = ResourceSettings<Bytes>()
  public var quota: CPUQuota?
  public var memoryPolicy = MemoryPolicySpec()
  /// Most of its memory that a balloon may take; nil: the profile's.
  public var balloonMax: PartsPerMillion?

  public init(name: String) { self.name = name }
}

/// What a policy file promises one domain whatever a plan asks for.
public struct DomainTerms: Sendable, Equatable {
  /// Bytes that a balloon leaves at least.
  public var memoryMinimum: Int64
  public init(memoryMinimum: Int64 = 0) { self.memoryMinimum = memoryMinimum }
}

/// What holds back a controller of a real host. The defaults are cautious; each is a key of `safety:`.
public struct SafetySettings: Sendable, Equatable {
  /// A value that differs by no more is left: of the configured memory for balloons, of the value itself for weights and
  /// quotas. Balloons are read in the middle of moving, so differences of a page mean nothing.
  public var deadBand = PartsPerMillion.percent(1)
  /// Of its configured memory, what one guest may lose in one step.
  public var stepDown = PartsPerMillion.percent(5)
  /// Free memory that a guest keeps beyond its working set.
  public var headroom = Bytes.mebibytes(64)
  /// Shrink guests whose balloon does not give way when they run out of memory. Seen: such a guest dies.
  public var shrinksWithoutAutodeflate = false
  /// How often guests are asked to report; zero leaves it as it was found. Without reports nobody is shrunk.
  public var statisticsPeriod = SimDuration.seconds(5)
  /// A guest that has not reported for so many periods is not shrunk.
  public var stalePeriods: Int64 = 3
  /// A target that has brought nothing for so long is taken back: an unreachable one burns the guest's CPU.
  public var stuckAfter = SimDuration.seconds(15)
  /// After a guest was in distress or stuck, it is not shrunk for so long.
  public var quiet = SimDuration.seconds(300)
  /// Major faults per second of a shrunk guest from which on it counts as in distress; an assumption.
  public var majorFaultsPerSecond: Int64 = 100
  /// Write to /sys/kernel/mm/ksm. It needs root, and concerns every guest of the host.
  public var managesKSM = false

  public init() {}

  /// What a guest can answer its balloon with, of one CPU: quotas are never set below.
  public static let quotaLeast = PartsPerMillion.percent(10)
}
