import BallastUnits

/// What a host can report about itself and its VMs, and nothing else. It is designed from libvirt's domain statistics
/// (`cpu.time`, `vcpu.N.delay`, `balloon.*`), cgroup counters and /proc: ground truth such as a guest's real demand
/// has no field here.
///
/// Rows are sorted by VM name. Counters are differences over `interval`. One observation is filled again and again,
/// so that observing allocates nothing in steady state.
public struct HostObservation: Sendable, Equatable, Codable {
  /// Names this observation; a plan says which one it was made from.
  public var sequence: UInt64 = 0
  public var time: SimTime = .zero
  /// The counters cover [time − interval, time). Zero: nothing has been measured yet (just configured or started).
  public var interval: SimDuration = .zero

  /// Clock of one core.
  public var coreRate: Kilohertz = .zero
  /// Σ cores × clock, less what the host keeps for itself.
  public var cpuCapacity: Kilohertz = .zero
  public var memoryCapacity: Bytes = .zero
  /// From the host's own statistics; negative where a model hands out more than there is.
  public var memoryFree: Bytes = .zero
  /// What else the host tells about its memory; all "not reported" at first.
  public var hostMemory = HostMemoryReadings()
  /// Where the kernel counts pressure.
  public var pressure: HostPressure?

  public var vms: [VMIndex] = []
  public var vcpus: [Int64] = []
  /// CPU time used, ns, summed over vCPUs (libvirt: Σ vcpu.N.time).
  public var runTime: [Int64] = []
  /// Time runnable but not running, ns, summed over vCPUs, throttling included (libvirt: Σ vcpu.N.delay).
  public var readyTime: [Int64] = []
  /// Bytes (libvirt: balloon.maximum).
  public var memoryConfigured: [Int64] = []
  /// Host memory that backs the guest, bytes (libvirt: balloon.rss).
  public var memoryConsumed: [Int64] = []
  /// Estimate of the working set, bytes (libvirt: balloon.current − balloon.usable).
  public var memoryActive: [Int64] = []
  /// What else is known of each VM's memory. May be shorter than `vms`: read it with `memory(row:)`.
  public var memory: [VMMemoryReadings] = []

  public init() {}

  public var count: Int { vms.count }

  /// Empties the rows, keeping their storage.
  public mutating func removeRows() {
    vms.removeAll(keepingCapacity: true)
    vcpus.removeAll(keepingCapacity: true)
    runTime.removeAll(keepingCapacity: true)
    readyTime.removeAll(keepingCapacity: true)
    memoryConfigured.removeAll(keepingCapacity: true)
    memoryConsumed.removeAll(keepingCapacity: true)
    memoryActive.removeAll(keepingCapacity: true)
    memory.removeAll(keepingCapacity: true)
  }

  public mutating func append(_ row: VMRow) {
    vms.append(row.vm)
    vcpus.append(row.vcpus)
    runTime.append(row.runTime)
    readyTime.append(row.readyTime)
    memoryConfigured.append(row.memoryConfigured)
    memoryConsumed.append(row.memoryConsumed)
    memoryActive.append(row.memoryActive)
    memory.append(row.memory)
  }

  /// What is known of a VM's memory beside the columns; "not reported" where the backend said nothing.
  public func memory(row: Int) -> VMMemoryReadings {
    row < memory.count ? memory[row] : VMMemoryReadings()
  }

  /// Takes one row out, as if the host had not shown that VM.
  public mutating func remove(row: Int) {
    vms.remove(at: row)
    vcpus.remove(at: row)
    runTime.remove(at: row)
    readyTime.remove(at: row)
    memoryConfigured.remove(at: row)
    memoryConsumed.remove(at: row)
    memoryActive.remove(at: row)
    if row < memory.count { memory.remove(at: row) }
  }

  /// The row of a VM, by binary search; nil if the host does not show it.
  public func row(of vm: VMIndex) -> Int? {
    var low = 0
    var high = vms.count
    while low < high {
      let middle = (low + high) / 2
      if vms[middle] < vm { low = middle + 1 } else { high = middle }
    }
    return low < vms.count && vms[low] == vm ? low : nil
  }

  /// One VM of an observation: for filling, for tests and for messages.
  public struct VMRow: Sendable, Equatable {
    public var vm: VMIndex
    public var vcpus: Int64
    public var runTime: Int64
    public var readyTime: Int64
    public var memoryConfigured: Int64
    public var memoryConsumed: Int64
    public var memoryActive: Int64
    public var memory: VMMemoryReadings
    public init(
      vm: VMIndex, vcpus: Int64, runTime: Int64 = 0, readyTime: Int64 = 0,
      memoryConfigured: Int64 = 0, memoryConsumed: Int64 = 0, memoryActive: Int64 = 0,
      memory: VMMemoryReadings = VMMemoryReadings()
    ) {
      self.vm = vm
      self.vcpus = vcpus
      self.runTime = runTime
      self.readyTime = readyTime
      self.memoryConfigured = memoryConfigured
      self.memoryConsumed = memoryConsumed
      self.memoryActive = memoryActive
      self.memory = memory
    }
  }

  public subscript(row: Int) -> VMRow {
    VMRow(
      vm: vms[row], vcpus: vcpus[row], runTime: runTime[row], readyTime: readyTime[row],
      memoryConfigured: memoryConfigured[row], memoryConsumed: memoryConsumed[row],
      memoryActive: memoryActive[row], memory: memory(row: row))
  }
}
