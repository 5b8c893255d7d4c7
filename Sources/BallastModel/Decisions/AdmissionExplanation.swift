import BallastUnits

/// What a VM is charged under admission control, and what its pools had at that moment.
public struct AdmissionExplanation: Sendable, Equatable, Codable {
  /// kHz and bytes.
  public struct Amounts: Sendable, Equatable, Codable {
    public var cpu: Int64
    public var memory: Int64
    public init(cpu: Int64, memory: Int64) {
      self.cpu = cpu
      self.memory = memory
    }

    public subscript(resource: AdmissionResource) -> Int64 { resource == .cpu ? cpu : memory }
  }

  /// A pool on the way from the VM's own up to the cluster.
  public struct Pool: Sendable, Equatable, Codable {
    /// Path; empty for the cluster.
    public var path: String
    /// Charges of its VMs, reservations and borrowings of its pools.
    public var reserved: Amounts
    /// What is left of its own reservation; of the cluster's capacity at the top.
    public var unreserved: Amounts
    /// Taken from its parent beyond its own reservation.
    public var borrowed: Amounts
    /// The largest charge a VM could still have here, borrowing included.
    public var available: Amounts
    public init(
      path: String, reserved: Amounts, unreserved: Amounts, borrowed: Amounts, available: Amounts
    ) {
      self.path = path
      self.reserved = reserved
      self.unreserved = unreserved
      self.borrowed = borrowed
      self.available = available
    }
  }

  /// What one pool gives of the VM's charge.
  public struct Step: Sendable, Equatable, Codable {
    /// Path of the pool; empty for the cluster.
    public var pool: String
    /// Of its own reservation, or of capacity.
    public var own: Amounts
    /// Asked of its parent.
    public var borrowed: Amounts
    public init(pool: String, own: Amounts, borrowed: Amounts) {
      self.pool = pool
      self.own = own
      self.borrowed = borrowed
    }
  }

  /// What failover keeps, and what the VM counts for there.
  public struct Failover: Sendable, Equatable, Codable {
    public var policy: String
    /// With 32 MHz where no CPU is reserved, under the policies that count so.
    public var counted: Amounts
    /// The VM reserves no CPU, and counts for some.
    public var countsUnreserved: Bool
    /// All that the policy asks for is there.
    public var isSatisfied: Bool
    /// What the policy keeps and the cluster could survive, with the numbers.
    public var words: String
    public init(
      policy: String, counted: Amounts, countsUnreserved: Bool, isSatisfied: Bool, words: String
    ) {
      self.policy = policy
      self.counted = counted
      self.countsUnreserved = countsUnreserved
      self.isSatisfied = isSatisfied
      self.words = words
    }
  }

  public var policy: String
  public var isAdmitted: Bool
  /// The VM's charge: CPU reservation; memory reservation with overhead.
  public var charge: Amounts
  /// The part of the memory charge that is overhead, bytes.
  public var overhead: Int64
  /// From the VM's pool up to the cluster.
  public var pools: [Pool]
  /// Where the charge comes from; empty where the VM is not admitted.
  public var record: [Step]
  /// green, yellow or red: whether all that is promised is backed.
  public var state: String
  /// Nil where nothing is kept for failures.
  public var failover: Failover?

  public init(
    policy: String, isAdmitted: Bool, charge: Amounts, overhead: Int64, pools: [Pool],
    record: [Step], state: String, failover: Failover? = nil
  ) {
    self.policy = policy
    self.isAdmitted = isAdmitted
    self.charge = charge
    self.overhead = overhead
    self.pools = pools
    self.record = record
    self.state = state
    self.failover = failover
  }
}

extension AdmissionExplanation {
  /// In plain words and numbers.
  public var sentences: [String] {
    let (cpu, memory) = (AdmissionResource.cpu, AdmissionResource.memory)
    var text = [
      "Admission \(policy) \(isAdmitted ? "charges it" : "would charge it") \(cpu.words(charge.cpu)) of CPU"
        + " and \(memory.words(charge.memory)) of memory, of which \(memory.words(overhead)) are overhead."
    ]
    for resource in AdmissionResource.allCases where isAdmitted && charge[resource] > 0 {
      text.append(source(of: resource))
    }
    for pool in pools {
      let parts = AdmissionResource.allCases.map { resource in
        var words =
          "\(resource.words(pool.reserved[resource])) of \(resource.noun) reserved and "
          + "\(resource.words(pool.unreserved[resource])) unreserved"
        if pool.borrowed[resource] > 0 {
          words += " (\(resource.words(pool.borrowed[resource])) borrowed)"
        }
        return words
      }
      let room = AdmissionResource.allCases.map { $0.words(pool.available[$0]) }
      text.append(
        "\(name(pool.path, isFirst: true)) has \(parts.joined(separator: ", ")); a VM here could still be"
          + " charged \(room.joined(separator: " and ")).")
    }
    if let failover { text += failover.sentences }
    if state != "green" {
      text.append(
        "Admission state \(state): more is promised than is backed, so who asks for more of what is"
          + " short is refused.")
    }
    return text
  }

  private func source(of resource: AdmissionResource) -> String {
    let parts = record.filter { $0.own[resource] > 0 }.map {
      "\(resource.words($0.own[resource])) from \(name($0.pool, isFirst: false))"
    }
    return "Its \(resource.noun) charge comes as " + parts.joined(separator: " and ") + "."
  }

  private func name(_ path: String, isFirst: Bool) -> String {
    path.isEmpty ? (isFirst ? "The cluster" : "the cluster") : (isFirst ? "Pool " : "pool ") + path
  }
}

extension AdmissionExplanation.Failover {
  fileprivate var sentences: [String] {
    let (cpu, memory) = (AdmissionResource.cpu, AdmissionResource.memory)
    var text = [
      "Failover policy \(policy) counts it as \(cpu.words(counted.cpu)) of CPU"
        + (countsUnreserved ? ", as every VM that reserves none," : "")
        + " and \(memory.words(counted.memory)) of memory. \(words)"
    ]
    if !isSatisfied {
      text.append(
        "That is more than the policy leaves: who asks for more of what is short is refused, but VMs of"
          + " failed hosts start again.")
    }
    return text
  }
}
